import type { Key } from "~/i18n/catalogue";

/** What a person may enter; the server checks again. Lengths are counted in characters. */
export type FieldErrors = Partial<Record<"username" | "email" | "password", Key>>;

export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 128;
export const NAME_MAX = 50;

const length = (text: string) => [...text].length;
const text = (form: FormData, name: string) => String(form.get(name) ?? "");

export interface Credentials {
  email: string;
  password: string;
}
export interface Registration extends Credentials {
  username: string;
}

function checkEmail(email: string): Key | undefined {
  if (!email) return "error.emailMissing";
  return /^[^\s@]+@[^\s@]+$/.test(email) ? undefined : "error.emailForm";
}

export function readLogin(form: FormData): { values: Credentials; errors: FieldErrors } {
  const values = { email: text(form, "email").trim(), password: text(form, "password") };
  const errors: FieldErrors = {};
  const email = checkEmail(values.email);
  if (email) errors.email = email;
  if (!values.password) errors.password = "error.passwordMissing";
  return { values, errors };
}

export function readRegistration(form: FormData): { values: Registration; errors: FieldErrors } {
  const { values: login, errors } = readLogin(form);
  const values = { ...login, username: text(form, "username").trim() };
  if (!values.username) errors.username = "error.nameMissing";
  else if (length(values.username) > NAME_MAX) errors.username = "error.nameLong";
  if (values.password && length(values.password) < PASSWORD_MIN) errors.password = "error.passwordShort";
  else if (length(values.password) > PASSWORD_MAX) errors.password = "error.passwordLong";
  return { values, errors };
}

/** Where to go after logging in: a path of ours, never another site's. */
export function safeNext(next: string | null): string {
  if (!next || !/^\/(?![/\\])/.test(next) || /[\u0000-\u001f]/.test(next)) return "/";
  return next;
}
