/* What people say to the bot. */

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 };
/** A timer of Node cannot be longer. */
const LONGEST_MS = 24 * UNIT_MS.h;

/**
 * @param {string} text
 * @returns {{ kind: "echo", text: string } | { kind: "remind", ms: number, text: string }
 *   | { kind: "help" } | null} null: it was not said to the bot
 */
export function parseCommand(text) {
  const echo = /^!echo\s+(\S[^]*)$/.exec(text);
  if (echo?.[1] !== undefined) return { kind: "echo", text: echo[1] };
  const remind = /^!remind\s+(\d{1,5})([smh])\s+(\S[^]*)$/.exec(text);
  if (remind !== null) {
    const ms = Number(remind[1]) * UNIT_MS[remind[2]];
    if (ms > 0 && ms <= LONGEST_MS) return { kind: "remind", ms, text: remind[3] };
  }
  return /^!(echo|remind|help)\b/.test(text) ? { kind: "help" } : null;
}

export const HELP = "`!echo <text>`, or `!remind <number><s|m|h> <text>` (at most 24h)";
