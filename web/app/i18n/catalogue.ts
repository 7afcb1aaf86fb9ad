import { en } from "./en";
import type { Language } from "./language";

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
/** Keys that exist as `x_one` and `x_other`. */
export type CountKey = Key extends infer K ? (K extends `${infer Base}_other` ? Base : never) : never;
export type Values = Record<string, string | number>;

/** English comes with the pages; other languages are fetched when they are wanted. */
export async function loadCatalogue(lang: Language): Promise<Catalogue> {
  return lang === "en" ? en : (await import("./zh-Hant")).zhHant;
}

export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** English has a form for one; Chinese has none. (Intl.PluralRules says the same, slowly.) */
export function countKey(lang: Language, base: CountKey, n: number): Key {
  return `${base}_${lang === "en" && n === 1 ? "one" : "other"}` as Key;
}

/** In both languages only large numbers are more than their digits. */
export const digits = (lang: Language, n: number): string =>
  Math.abs(n) < 1000 ? String(n) : n.toLocaleString(lang);
