const PREFIX = "parley.draft.";

/** What was typed and not sent, by channel or thread; kept across reloads. */
export const readDraft = (key: string): string => localStorage.getItem(PREFIX + key) ?? "";

export function writeDraft(key: string, text: string) {
  try {
    if (text) localStorage.setItem(PREFIX + key, text);
    else localStorage.removeItem(PREFIX + key);
  } catch {
    // The store is full: the draft lives as long as the page.
  }
}

const recalls = new Map<string, string>();
export const rememberSent = (key: string, text: string) => void recalls.set(key, text);
export const lastSent = (key: string): string | undefined => recalls.get(key);

/** At log-out. */
export function forgetDrafts() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  }
  recalls.clear();
}
