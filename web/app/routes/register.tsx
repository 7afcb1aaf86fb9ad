import { redirect, useActionData, type ClientActionFunctionArgs } from "react-router";
import { call } from "~/api/call";
import { AuthForm } from "~/features/auth/AuthForm";
import { safeNext } from "~/features/auth/checks";
import { register, type Refusal } from "~/features/auth/enter";
import { remember } from "~/features/auth/remembered";

export async function clientAction({ request }: ClientActionFunctionArgs) {
  const entry = await register(call, await request.formData());
  if (!entry.ok) return entry.refusal;
  remember(entry.me);
  return redirect(safeNext(new URL(request.url).searchParams.get("next")));
}

export default function Register() {
  return <AuthForm kind="register" refusal={useActionData() as Refusal | undefined} />;
}
