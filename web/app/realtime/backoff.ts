/* When to come back after a connection ended. Full jitter: a random delay up to a bound that
 * doubles, so that many clients cut at once do not return at once. */
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS, SEND_ATTEMPTS_MAX } from "./limits.js";
import { CLOSE } from "./protocol.js";

export interface Ending {
  readonly code: number;
  readonly reason: string;
  /** Tries that failed since it was last stable. */
  readonly attempt: number;
  /** It was online long enough for an immediate return not to become a loop. */
  readonly wasStable: boolean;
}

function hintOf(reason: string): number | null {
  try {
    const hint: unknown = JSON.parse(reason);
    if (typeof hint !== "object" || hint === null || !("retry_after_ms" in hint)) return null;
    const ms = hint.retry_after_ms;
    return typeof ms === "number" && ms >= 0 ? Math.min(ms, 10 * BACKOFF_MAX_MS) : null;
  } catch {
    return null;
  }
}

/** Milliseconds until the next try; null: do not come back, the log-in is void. */
export function delayAfter(ending: Ending, random: () => number): number | null {
  const bound = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(ending.attempt, 16));
  if (ending.code === CLOSE.signedOut) return null;
  if (ending.code === CLOSE.tooSlow && ending.wasStable) return 0;
  if (ending.code === CLOSE.tooFast) return BACKOFF_MAX_MS * (0.5 + random() / 2);
  const hint = ending.code === CLOSE.restart ? hintOf(ending.reason) : null;
  /* A server that still is not there after its own hint is waited for like any other. */
  if (hint !== null) return random() * Math.max(hint, ending.attempt > 0 ? bound : 0);
  return random() * bound;
}

const PASSING = new Set(["rate_limited", "unavailable", "unknown", "internal"]);

/** May a send that was refused `attempts` times, with this code at last, be taken later? */
export function maySendAgain(code: string, attempts: number): boolean {
  return PASSING.has(code) && attempts < SEND_ATTEMPTS_MAX;
}

/** Before a refused send is tried again. */
export function delayOfSend(attempts: number, hintMs: number | null, random: () => number): number {
  const bound = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempts, 16));
  return (hintMs ?? 0) + random() * bound;
}
