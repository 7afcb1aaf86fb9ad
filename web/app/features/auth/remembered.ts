import type { Me } from "~/api/types";

// Who was here last: lets the pages open without a network. No secret is in it.
const KEY = "parley.me";

export function remember(me: Me) {
  localStorage.setItem(KEY, JSON.stringify({ id: me.id, name: me.name, email: me.email }));
}

export function remembered(): Me | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null") as Me | null;
  } catch {
    return null;
  }
}

export function forgetMe() {
  localStorage.removeItem(KEY);
}
