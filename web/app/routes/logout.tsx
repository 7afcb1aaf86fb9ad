import { redirect } from "react-router";
import { call } from "~/api/call";
import { forgetMe } from "~/features/auth/remembered";

/** Even a server that cannot be reached does not keep anyone logged in here. */
export async function clientAction() {
  await call("POST", "/api/logout");
  forgetMe();
  return redirect("/login?out");
}

export const clientLoader = () => redirect("/");

export default function Logout() {
  return null;
}
