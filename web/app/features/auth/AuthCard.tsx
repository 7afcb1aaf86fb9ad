import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { languages } from "~/i18n/language";
import { Mark } from "~/ui/Mark";

const names = { en: "English", "zh-Hant": "繁體中文" } as const;

/** The frame of the log-in and register pages. */
export function AuthCard({ heading, children }: { heading: string; children: React.ReactNode }) {
  const { t, lang, setLanguage } = useI18n();
  return (
    <div css={page}>
      <main css={card}>
        <div css={brand}><Mark size={36} /> <span>{t("app.name")}</span></div>
        <h1 css={css`font-size: 26px;`}>{heading}</h1>
        <p css={css`margin: var(--s1) 0 var(--s5); color: var(--text-soft);`}>{t("app.tagline")}</p>
        {children}
      </main>
      <nav css={footer} aria-label={t("settings.language")}>
        {languages.map((l) => (
          <button key={l} type="button" lang={l} aria-pressed={l === lang} css={language}
            onClick={() => void setLanguage(l)}>
            {names[l]}
          </button>
        ))}
      </nav>
    </div>
  );
}

// Hung from the top, not from the middle: a page whose end has not arrived yet would jump when it does.
const page = css`
  display: flex; flex-direction: column; align-items: center;
  min-height: 100dvh; padding: clamp(var(--s5), 11dvh, 140px) var(--s4) var(--s5); background: var(--bg-side);
  @media (max-width: 480px) { padding: var(--s5) 0 var(--s4); background: var(--bg); }
`;
const card = css`
  width: 100%; max-width: 420px; padding: var(--s6);
  background: var(--bg-raised); border: 1px solid var(--line); border-radius: var(--r3);
  @media (max-width: 480px) { padding: var(--s4) var(--s5); border: 0; border-radius: 0; background: none; }
`;
const brand = css`
  display: flex; align-items: center; gap: var(--s2); margin-bottom: var(--s5);
  font-size: 20px; font-weight: 700; letter-spacing: -0.02em;
`;
const footer = css`display: flex; gap: var(--s1); margin-top: var(--s4);`;
const language = css`
  min-height: var(--target); padding: 0 var(--s3); border: 0; border-radius: var(--r1);
  background: none; color: var(--text-soft); font-size: 14px;
  &[aria-pressed="true"] { color: var(--text); font-weight: 600; }
  &:hover { color: var(--text); text-decoration: underline; }
`;
