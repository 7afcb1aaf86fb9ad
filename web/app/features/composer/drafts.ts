import { forgetKept, keep, readKept } from "~/ui/kept";

const PREFIX = "parley.draft.";

/** What was typed and not sent, by channel or thread; kept across reloads. */
export const readDraft = (key: string): string => readKept(PREFIX + key) ?? "";

export const writeDraft = (key: string, text: string) => keep(PREFIX + key, text || null);

const recalls = new Map<string, string>();
export const rememberSent = (key: string, text: string) => void recalls.set(key, text);
export const lastSent = (key: string): string | undefined => recalls.get(key);

/** At log-out. */
export function forgetDrafts() {
  forgetKept(PREFIX);
  recalls.clear();
}
