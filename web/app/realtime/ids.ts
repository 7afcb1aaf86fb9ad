/* UUIDv7 (RFC 9562): 48 bits of milliseconds, a counter of 12 bits that makes ids of one
 * millisecond grow, 62 random bits. The server need not look up young ones. */

const COUNTER_MAX = 0xfff;

let lastMs = 0;
let counter = 0;

function stamp(nowMs: number): void {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    /* Half of it is left to count. */
    counter = crypto.getRandomValues(new Uint16Array(1))[0]! & 0x7ff;
  } else if (counter < COUNTER_MAX) {
    counter += 1;
  } else {
    lastMs += 1;
    counter = 0;
  }
}

export function uuidv7(nowMs: number): string {
  stamp(nowMs);
  const tail = crypto.getRandomValues(new Uint8Array(8));
  tail[0] = (tail[0]! & 0x3f) | 0x80;
  const hex = Array.from(tail, (b) => b.toString(16).padStart(2, "0")).join("");
  const time = lastMs.toString(16).padStart(12, "0");
  const version = (0x7000 | counter).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${hex.slice(0, 4)}-${hex.slice(4)}`;
}
