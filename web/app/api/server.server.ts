import { createCall, type Call } from "./call";

export const apiBase = process.env.PARLEY_API ?? "http://127.0.0.1:9000";

/** The API in the name of whoever sent `request`: the session's cookie becomes the token. */
export function callFor(request: Request): Call {
  const token = /(?:^|; )parley_session=([^;]+)/.exec(request.headers.get("cookie") ?? "")?.[1];
  return createCall(apiBase, {
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    ...forwarded(request),
  });
}

function forwarded(request: Request): Record<string, string> {
  const from = request.headers.get("x-forwarded-for");
  return from ? { "X-Forwarded-For": from } : {};
}
