import { writeCookie } from "~/ui/cookie";
import { cookieOf, preferencesOfCookie, type Preferences } from "./preferences";

let current: Preferences | null = null;
const listeners = new Set<() => void>();

export function preferences(): Preferences {
  return (current ??= preferencesOfCookie(document.cookie));
}

export function onPreferences(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setPreference<K extends keyof Preferences>(name: K, value: Preferences[K]) {
  current = { ...preferences(), [name]: value };
  writeCookie(cookieOf[name], value === "system" ? null : value);
  const { dataset } = document.documentElement;
  if (value === "system") delete dataset[name];
  else dataset[name] = value;
  listeners.forEach((listener) => listener());
}
