import { useRef, useState } from "react";
import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { Dialog } from "~/ui/Dialog";
import { inputStyle } from "~/ui/Field";
import { find } from "./table";
import { moveInGrid } from "./moveInGrid";

/** Fetched when it is first opened. One tab stop for the field, one for all the emoji. */
export default function EmojiPicker({ onPick, onClose }: { onPick: (text: string) => void; onClose: () => void }) {
  const { t, lang } = useI18n();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState("");
  const grid = useRef<HTMLDivElement>(null);
  const found = find(query);
  const all = found.flatMap((g) => g.all);
  const stop = all.some((e) => e.text === at) ? at : all[0]?.text;
  const onKeyDown = (e: React.KeyboardEvent<HTMLElement>) => {
    if (e.nativeEvent.isComposing) return;
    if (e.key === "Enter" && e.target instanceof HTMLInputElement) {
      if (all[0] && query) onPick(all[0].text);
    } else if (!grid.current || !moveInGrid(e.key, grid.current)) return;
    e.preventDefault();
  };
  return (
    <Dialog title={t("emoji.title")} onClose={onClose}>
      <div onKeyDown={onKeyDown}>
        <input
          css={inputStyle} type="search" data-first="" value={query} aria-label={t("emoji.find")}
          placeholder={t("emoji.find")} onChange={(e) => setQuery(e.target.value)}
        />
        <div ref={grid} css={groups} data-emoji="">
          {found.map(({ group, all: emoji }) => (
            <section key={group} aria-labelledby={`emoji-${group}`}>
              <h3 id={`emoji-${group}`} css={heading}>{t(`emoji.group.${group}`)}</h3>
              <div css={rows}>
                {emoji.map(({ text, en, zh }) => (
                  <button
                    key={text} type="button" css={button} tabIndex={text === stop ? 0 : -1}
                    aria-label={lang === "en" ? en : zh} title={lang === "en" ? en : zh}
                    onFocus={() => setAt(text)} onClick={() => onPick(text)}
                  >
                    {text}
                  </button>
                ))}
              </div>
            </section>
          ))}
        </div>
        <p role="status" css={none}>{all.length === 0 ? t("emoji.none") : ""}</p>
      </div>
    </Dialog>
  );
}

const groups = css`height: min(46dvh, 380px); margin-top: var(--s2); overflow-y: auto;`;
const heading = css`padding: var(--s3) 0 var(--s1); font-size: 13px; color: var(--text-soft);`;
const rows = css`display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--target), 1fr));`;
const button = css`
  height: max(40px, var(--target)); padding: 0; border: 0; border-radius: var(--r1); background: none;
  font: 22px/1 "Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif;
  &:hover, &:focus-visible { background: var(--bg-side-hover); }
  &:focus-visible { outline-offset: -2px; }
`;
const none = css`text-align: center; color: var(--text-soft); &:empty { display: none; }`;
