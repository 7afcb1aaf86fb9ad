import { useId, useState } from "react";
import { css } from "@emotion/react";
import { useNavigate } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { channelList } from "~/realtime/selectors";
import { useChat } from "~/features/chat/useChat";
import { Dialog } from "~/ui/Dialog";
import { Icon } from "~/ui/Icon";
import { match } from "./match";

const SHOWN_MAX = 50;

export default function Switcher({ onClose }: { onClose: () => void }) {
  const { t, count } = useI18n();
  const navigate = useNavigate();
  const id = useId();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const found = match(useChat(channelList), query).slice(0, SHOWN_MAX);
  const current = Math.min(at, found.length - 1);
  const open = (channelId: string | undefined) => {
    if (!channelId) return;
    onClose();
    void navigate(`/c/${channelId}`);
  };
  const onKeyDown = (e: React.KeyboardEvent) => {
    if (e.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && found.length) setAt((current + step + found.length) % found.length);
    else if (e.key === "Enter") open(found[current]?.id);
    else return;
    e.preventDefault();
  };
  return (
    <Dialog title={t("switcher.title")} onClose={onClose} bare>
      <div css={search}>
        <Icon name="search" />
        <input
          css={input} role="combobox" aria-expanded="true" aria-controls={id} aria-autocomplete="list"
          aria-activedescendant={found[current] && `${id}-${current}`} autoFocus
          aria-label={t("switcher.title")} placeholder={t("switcher.placeholder")} value={query}
          onChange={(e) => { setQuery(e.target.value); setAt(0); }} onKeyDown={onKeyDown}
        />
      </div>
      <ul id={id} role="listbox" aria-label={t("nav.channels")} css={list}>
        {found.map((c, i) => (
          <li
            key={c.id} id={`${id}-${i}`} role="option" aria-selected={i === current} css={option}
            ref={(el) => { if (i === current) el?.scrollIntoView({ block: "nearest" }); }}
            onPointerMove={() => setAt(i)} onClick={() => open(c.id)}
          >
            <Icon name="hash" size={16} />
            <span css={css`flex: 1; min-width: 0;`}>{c.name}</span>
            {c.unread > 0 && <span css={note}>{count("nav.unread", c.unread)}</span>}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p role="status" css={none}>{t("switcher.none")}</p>}
      <p css={hint}>{t("switcher.hint")}</p>
    </Dialog>
  );
}

const search = css`
  display: flex; align-items: center; gap: var(--s3); padding: 0 var(--s4);
  border-bottom: 1px solid var(--line); color: var(--text-soft);
`;
const input = css`
  flex: 1; min-width: 0; min-height: 56px; border: 0; background: none; color: var(--text); font-size: 17px;
  &:focus-visible { outline: none; }
  &::placeholder { color: var(--text-soft); opacity: 1; }
`;
const list = css`flex: 1; min-height: 0; max-height: 380px; overflow-y: auto; padding: var(--s2);`;
const option = css`
  display: flex; align-items: center; gap: var(--s2); min-height: max(42px, var(--target)); padding: 0 var(--s3);
  border-radius: var(--r1); cursor: pointer;
  &[aria-selected="true"] { background: var(--bg-current); }
  @media (forced-colors: active) { &[aria-selected="true"] { outline: 2px solid; } }
`;
const note = css`font-size: 13px; color: var(--text-soft);`;
const none = css`padding: var(--s4); text-align: center; color: var(--text-soft);`;
const hint = css`
  padding: var(--s2) var(--s4); border-top: 1px solid var(--line); font-size: 12px; color: var(--text-soft);
`;
