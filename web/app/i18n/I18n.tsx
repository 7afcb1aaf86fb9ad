import { createContext, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { useRender } from "~/render";
import { countKey, digits, fill, loadCatalogue, type Catalogue, type CountKey, type Key, type Values } from "./catalogue";
import { asLanguage, LANGUAGE_COOKIE, type Language } from "./language";
import { writeCookie } from "~/ui/cookie";

export interface I18n {
  lang: Language;
  t: (key: Key, values?: Values) => string;
  /** The form of `base` for `n`; `{n}` is filled in, in the language's digits. */
  count: (base: CountKey, n: number, values?: Values) => string;
  setLanguage: (lang: Language) => Promise<void>;
}

const Context = createContext<I18n | null>(null);

export function useI18n(): I18n {
  const value = useContext(Context);
  if (!value) throw new Error("I18nProvider is missing");
  return value;
}

export function I18nProvider({ children }: { children: React.ReactNode }) {
  const rendered = useRender();
  const [{ lang, catalogue }, set] = useState<{ lang: Language; catalogue: Catalogue }>(rendered);

  const show = useCallback(async (next: Language) => {
    const loaded = await loadCatalogue(next);
    set({ lang: next, catalogue: loaded });
    document.documentElement.lang = next;
    delete document.documentElement.dataset.wait;
  }, []);

  // A page made at build time is English; what its reader wants is known in the browser only.
  useEffect(() => {
    const wanted = asLanguage(document.documentElement.dataset.lang) ?? rendered.lang;
    if (wanted !== rendered.lang) void show(wanted);
  }, [rendered.lang, show]);

  const value = useMemo<I18n>(() => {
    const t = (key: Key, values?: Values) => fill(catalogue[key], values);
    return {
      lang,
      t,
      count: (base, n, values) =>
        t(countKey(lang, base, n), { n: digits(lang, n), ...values }),
      setLanguage: async (next) => {
        writeCookie(LANGUAGE_COOKIE, next);
        await show(next);
      },
    };
  }, [lang, catalogue, show]);
  return <Context value={value}>{children}</Context>;
}
