import { useSyncExternalStore } from "react";

const KEY = "parley.muted";
const listeners = new Set<() => void>();
const none: ReadonlySet<string> = new Set();
let cached: { text: string | null; set: ReadonlySet<string> } = { text: null, set: none };

/** The channels that this browser's user does not want to be told of. */
export function mutedChannels(): ReadonlySet<string> {
  const text = localStorage.getItem(KEY);
  if (text !== cached.text) {
    cached = { text, set: new Set(text ? text.split(" ") : []) };
  }
  return cached.set;
}

export function toggleMuted(channelId: string) {
  const next = new Set(mutedChannels());
  if (!next.delete(channelId)) next.add(channelId);
  if (next.size) localStorage.setItem(KEY, [...next].join(" "));
  else localStorage.removeItem(KEY);
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  // Other tabs' changes.
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

export const useMuted = () => useSyncExternalStore(subscribe, mutedChannels, () => none);
