import { redirect, type ActionFunctionArgs } from "react-router";
import { callFor } from "~/api/server.server";

export { default } from "./logout";

export async function action({ request }: ActionFunctionArgs) {
  await callFor(request)("POST", "/api/logout");
  return redirect("/login?out", {
    headers: { "Set-Cookie": "parley_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0" },
  });
}

export const loader = () => redirect("/");
