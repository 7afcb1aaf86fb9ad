import type { Key, Values } from "~/i18n/catalogue";
import type { Result } from "./call";

/** What went wrong, as words of the catalogue: the same on server and browser, in any language. */
export interface Problem {
  key: Key;
  values?: Values;
}

/** Says plainly why the server refused. */
export function problemOf(failure: Extract<Result<unknown>, { ok: false }>): Problem {
  switch (failure.code) {
    case "offline":
      return { key: "error.offline" };
    case "rate_limited":
      return {
        key: "error.rateLimited",
        values: { seconds: Math.max(1, Math.ceil(failure.retryAfterMs / 1000)) },
      };
    case "unavailable":
      return { key: "error.unavailable" };
    default:
      return { key: "error.server", values: { message: failure.message } };
  }
}
