import type { I18n } from "~/i18n/I18n";

const formats = new Map<string, Intl.DateTimeFormat>();

/** The reader's own kind of the language: British English writes 14:05. */
const localeOf = (lang: string) =>
  typeof navigator === "undefined" ? lang // on a server, which does not know
  : navigator.languages?.find((l) => l === lang || l.startsWith(`${lang.split("-")[0]}-`)) ?? lang;

function format(lang: string, name: string, options: Intl.DateTimeFormatOptions) {
  const key = `${lang} ${name}`;
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(localeOf(lang), options)));
  return made;
}

/** Times in the reader's zone and language. */
export const clockTime = (lang: string, time: number) =>
  format(lang, "clock", { hour: "numeric", minute: "2-digit" }).format(time);

export const fullTime = (lang: string, time: number) =>
  format(lang, "full", { dateStyle: "full", timeStyle: "short" }).format(time);

export const dateOf = (lang: string, time: number) =>
  format(lang, "date", { dateStyle: "medium" }).format(time);

export function dayName({ lang, t }: I18n, time: number, now = Date.now()): string {
  const midnight = (at: number) => new Date(at).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(now) - midnight(time)) / 86_400_000);
  if (days === 0) return t("messages.today");
  if (days === 1) return t("messages.yesterday");
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return format(lang, sameYear ? "day" : "dayOfYear", {
    weekday: "long", month: "long", day: "numeric", ...(sameYear ? {} : { year: "numeric" }),
  }).format(time);
}
