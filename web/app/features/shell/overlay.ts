import { useSyncExternalStore } from "react";

export type Overlay = "switcher" | "settings" | "shortcuts" | null;

let current: Overlay = null;
const listeners = new Set<() => void>();

/** One thing lies over the pages at a time; opening another closes it. */
export function openOverlay(next: Overlay) {
  current = next;
  listeners.forEach((listener) => listener());
}
export const closeOverlay = () => openOverlay(null);

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useOverlay = () => useSyncExternalStore(subscribe, () => current, () => null);
