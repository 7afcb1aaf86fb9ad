/** The server's envelope as a value: a refusal is an answer, not an exception. */
export type Result<T> =
  | { ok: true; data: T; headers: Headers }
  | { ok: false; status: number; code: string; message: string; retryAfterMs: number };

export type Call = <T>(method: "GET" | "POST", path: string, body?: unknown) => Promise<Result<T>>;

interface Envelope<T> {
  status?: string;
  message?: string;
  code?: string;
  retry_after_ms?: number;
  data?: T;
}

/** A caller of the API below `base`; in the browser "" and the session's cookie. */
export function createCall(base = "", headers: Record<string, string> = {}): Call {
  return async <T>(method: "GET" | "POST", path: string, body?: unknown): Promise<Result<T>> => {
    let response: Response;
    try {
      response = await fetch(base + path, {
        method,
        headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(15_000),
      });
    } catch {
      return { ok: false, status: 0, code: "offline", message: "", retryAfterMs: 0 };
    }
    const envelope = (await response.json().catch(() => ({}))) as Envelope<T>;
    if (response.ok && envelope.status === "success") {
      return { ok: true, data: envelope.data as T, headers: response.headers };
    }
    return {
      ok: false,
      status: response.status,
      code: envelope.code ?? "internal",
      message: envelope.message ?? response.statusText,
      retryAfterMs: envelope.retry_after_ms ?? 0,
    };
  };
}

export const call = createCall();
