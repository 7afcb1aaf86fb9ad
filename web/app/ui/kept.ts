// What this browser keeps for its user between visits. It may refuse (full, or switched off): then
// the pages go on, and forget when they are closed.
const inMemory = new Map<string, string>();

export function readKept(key: string): string | null {
  try {
    return inMemory.get(key) ?? localStorage.getItem(key);
  } catch {
    return inMemory.get(key) ?? null;
  }
}

/** Null: nothing is kept under the key any more. */
export function keep(key: string, value: string | null) {
  inMemory.delete(key);
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    if (value !== null) inMemory.set(key, value);
  }
}

export function forgetKept(prefix: string) {
  for (const key of inMemory.keys()) if (key.startsWith(prefix)) inMemory.delete(key);
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key);
  } catch {
    // What cannot be reached holds nothing of ours.
  }
}
