export const MESSAGE_BYTES_MAX = 8192;
const NEAR_BYTES = 512;

const encoder = new TextEncoder();

/** How many bytes are left of a message's limit: null while far from it. */
export function bytesLeft(text: string): number | null {
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (text.length * 3 < MESSAGE_BYTES_MAX - NEAR_BYTES) return null;
  const left = MESSAGE_BYTES_MAX - encoder.encode(text).length;
  return left > NEAR_BYTES ? null : left;
}
