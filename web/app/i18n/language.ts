export const languages = ["en", "zh-Hant"] as const;
export type Language = (typeof languages)[number];

export const LANGUAGE_COOKIE = "parley_lang";

export function asLanguage(text: string | null | undefined): Language | undefined {
  return languages.find((l) => l === text);
}

/** The language asked for by a list such as "zh-TW,zh;q=0.9,en;q=0.8", best first. */
export function languageOf(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) return "zh-Hant";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
}

export function languageOfRequest(headers: Headers): Language {
  const cookie = new RegExp(`(?:^|; )${LANGUAGE_COOKIE}=([^;]*)`).exec(headers.get("cookie") ?? "");
  const chosen = asLanguage(cookie?.[1]);
  if (chosen) return chosen;
  const header = headers.get("accept-language") ?? "";
  const byQuality = header
    .split(",")
    .map((part) => {
      const [tag = "", ...rest] = part.trim().split(";");
      const q = /q=([\d.]+)/.exec(rest.join(";"))?.[1];
      return { tag, q: q === undefined ? 1 : Number(q) };
    })
    .sort((a, b) => b.q - a.q);
  return languageOf(byQuality.map((p) => p.tag));
}
