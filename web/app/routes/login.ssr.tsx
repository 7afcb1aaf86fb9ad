import { redirect, type ActionFunctionArgs } from "react-router";
import { callFor } from "~/api/server.server";
import { safeNext } from "~/features/auth/checks";
import { logIn } from "~/features/auth/enter";

export { default } from "./login";

export async function action({ request }: ActionFunctionArgs) {
  const entry = await logIn(callFor(request), await request.formData());
  if (!entry.ok) return entry.refusal;
  const cookie = entry.headers.get("set-cookie");
  return redirect(safeNext(new URL(request.url).searchParams.get("next")), {
    headers: cookie ? { "Set-Cookie": cookie } : {},
  });
}
