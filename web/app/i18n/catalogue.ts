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

export function countKey(lang: Language, base: CountKey, n: number): Key {
  const form = new Intl.PluralRules(lang).select(n) === "one" ? "one" : "other";
  return `${base}_${form}` as Key;
}
