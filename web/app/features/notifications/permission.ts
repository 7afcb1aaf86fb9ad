import { useSyncExternalStore } from "react";

const KEY = "parley.notify";
const listeners = new Set<() => void>();

export type NotifyState = "on" | "off" | "denied" | "unsupported";

export function notifyState(): NotifyState {
  if (!("Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && localStorage.getItem(KEY) === "on" ? "on" : "off";
}

const changed = () => listeners.forEach((listener) => listener());

/** Asks the person, in answer to a click. */
export async function turnOn() {
  if ((await Notification.requestPermission()) === "granted") localStorage.setItem(KEY, "on");
  changed();
}

export function turnOff() {
  localStorage.removeItem(KEY);
  changed();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useNotifyState = () => useSyncExternalStore(subscribe, notifyState, () => "off" as const);
