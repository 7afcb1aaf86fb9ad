import { redirect, type ActionFunctionArgs } from "react-router";
import { callFor } from "~/api/server.server";
import { safeNext } from "~/features/auth/checks";
import { register } from "~/features/auth/enter";

export { default } from "./register";

export async function action({ request }: ActionFunctionArgs) {
  const entry = await register(callFor(request), await request.formData());
  if (!entry.ok) return entry.refusal;
  const cookie = entry.headers.get("set-cookie");
  return redirect(safeNext(new URL(request.url).searchParams.get("next")), {
    headers: cookie ? { "Set-Cookie": cookie } : {},
  });
}
