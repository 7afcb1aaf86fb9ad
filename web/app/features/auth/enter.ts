import type { Call } from "~/api/call";
import { problemOf, type Problem } from "~/api/problem";
import type { Me } from "~/api/types";
import { readLogin, readRegistration, type FieldErrors } from "./checks";

/** What a form is told when it was refused; `at` moves, so that a second refusal is read out too. */
export interface Refusal {
  fields: FieldErrors;
  form?: Problem;
  values: { email: string; username?: string };
  at: number;
}
export type Entry = { ok: true; me: Me; headers: Headers } | { ok: false; refusal: Refusal };

const isEmpty = (errors: FieldErrors) => Object.keys(errors).length === 0;

export async function logIn(call: Call, form: FormData): Promise<Entry> {
  const { values, errors } = readLogin(form);
  const refuse = (fields: FieldErrors, problem?: Problem): Entry => ({
    ok: false,
    refusal: { fields, form: problem, values: { email: values.email }, at: Date.now() },
  });
  if (!isEmpty(errors)) return refuse(errors);
  const answer = await call<Me>("POST", "/api/login", values);
  if (answer.ok) return { ok: true, me: answer.data, headers: answer.headers };
  if (answer.status === 401) return refuse({}, { key: "error.loginWrong" });
  return refuse({}, problemOf(answer));
}

/** Registers, then logs in with the same words. */
export async function register(call: Call, form: FormData): Promise<Entry> {
  const { values, errors } = readRegistration(form);
  const { email, username } = values;
  const refuse = (fields: FieldErrors, problem?: Problem): Entry => ({
    ok: false,
    refusal: { fields, form: problem, values: { email, username }, at: Date.now() },
  });
  if (!isEmpty(errors)) return refuse(errors);
  const answer = await call<Me>("POST", "/api/register", values);
  if (answer.ok) return logIn(call, form);
  if (answer.status === 409) return refuse({ email: "error.emailTaken" });
  return refuse({}, problemOf(answer));
}
