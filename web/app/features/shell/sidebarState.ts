import { useSyncExternalStore } from "react";

const KEY = "parley.sidebar";
const listeners = new Set<() => void>();

const read = () => localStorage.getItem(KEY) === "hidden";

function toggle() {
  if (read()) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, "hidden");
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSidebar() {
  const collapsed = useSyncExternalStore(subscribe, read, () => false);
  return { collapsed, toggle };
}
