import { useSyncExternalStore } from "react";
import { keep, readKept } from "~/ui/kept";

const KEY = "parley.notify";
const listeners = new Set<() => void>();

export type NotifyState = "on" | "off" | "denied" | "unsupported";

export function notifyState(): NotifyState {
  if (!("Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && readKept(KEY) === "on" ? "on" : "off";
}

const changed = () => listeners.forEach((listener) => listener());

/** Asks the person, in answer to a click. */
export async function turnOn() {
  if ((await Notification.requestPermission()) === "granted") keep(KEY, "on");
  changed();
}

export function turnOff() {
  keep(KEY, null);
  changed();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useNotifyState = () => useSyncExternalStore(subscribe, notifyState, () => "off" as const);
