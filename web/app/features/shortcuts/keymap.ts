import type { Key } from "~/i18n/catalogue";

export type Command =
  | "switcher" | "help" | "next" | "previous" | "nextUnread" | "previousUnread" | "regions" | "regionsBack";

export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** What a key asks for; null: it is none of ours. Typing goes on where `typing` is. */
export function commandOf(e: Press, typing: boolean): Command | null {
  const mod = e.ctrlKey || e.metaKey;
  if (mod && !e.altKey && !e.shiftKey && e.key.toLowerCase() === "k") return "switcher";
  if (e.altKey && !mod && e.key === "ArrowDown") return e.shiftKey ? "nextUnread" : "next";
  if (e.altKey && !mod && e.key === "ArrowUp") return e.shiftKey ? "previousUnread" : "previous";
  if (e.key === "F6" && !mod && !e.altKey) return e.shiftKey ? "regionsBack" : "regions";
  if (e.key === "?" && !mod && !e.altKey && !typing) return "help";
  return null;
}

/** The sheet. Tokens of a row are keys; several rows of keys are alternatives. */
export const sheet: readonly { label: Key; keys: readonly (readonly string[])[] }[] = [
  { label: "shortcuts.switcher", keys: [["mod", "K"]] },
  { label: "shortcuts.next", keys: [["alt", "↓"]] },
  { label: "shortcuts.previous", keys: [["alt", "↑"]] },
  { label: "shortcuts.nextUnread", keys: [["alt", "shift", "↓"]] },
  { label: "shortcuts.previousUnread", keys: [["alt", "shift", "↑"]] },
  { label: "shortcuts.regions", keys: [["F6"]] },
  { label: "shortcuts.messages", keys: [["↑"], ["↓"]] },
  { label: "shortcuts.openThread", keys: [["Enter"]] },
  { label: "shortcuts.escape", keys: [["Esc"]] },
  { label: "shortcuts.send", keys: [["Enter"]] },
  { label: "shortcuts.newline", keys: [["shift", "Enter"]] },
  { label: "shortcuts.recall", keys: [["↑"]] },
  { label: "shortcuts.help", keys: [["?"]] },
];
