import { useSyncExternalStore } from "react";
import { keep, readKept } from "~/ui/kept";

const KEY = "parley.sidebar";
const listeners = new Set<() => void>();

const read = () => readKept(KEY) === "hidden";

function toggle() {
  keep(KEY, read() ? null : "hidden");
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
