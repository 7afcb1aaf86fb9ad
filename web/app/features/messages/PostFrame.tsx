import { useState } from "react";
import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { Avatar } from "~/ui/Avatar";
import { clockTime, fullTime } from "./times";

interface Props {
  authorId: string;
  author: string;
  time: number;
  /** The first of its author's group, which shows who speaks. */
  first: boolean;
  wanted?: boolean;
  dim?: boolean;
  actions?: React.ReactNode;
  onOpen?: () => void;
  children: React.ReactNode;
}

/** A message's place in the list: who, when, and, once it is looked at, what can be done with it.
 * A screenful of these is built whenever a channel is opened: one style for the whole of it. */
export function PostFrame({ authorId, author, time, first, wanted, dim, actions, onOpen, children }: Props) {
  const { lang, t } = useI18n();
  const [active, setActive] = useState(false);
  const clock = clockTime(lang, time);
  const activate = () => setActive(true);
  return (
    <article
      css={frame} tabIndex={-1} aria-label={t("messages.by", { name: author, time: clock })}
      data-first={first || undefined} data-wanted={wanted || undefined} data-dim={dim || undefined}
      onPointerEnter={activate} onPointerLeave={() => setActive(false)} onFocus={activate}
      onBlur={(e) => { if (!e.currentTarget.contains(e.relatedTarget)) setActive(false); }}
      onKeyDown={(e) => {
        if (e.key === "Enter" && e.target === e.currentTarget && onOpen) onOpen();
      }}
    >
      <div className="gutter">
        {first
          ? <Avatar id={authorId} name={author} />
          : active && <time dateTime={new Date(time).toISOString()}>{clock}</time>}
      </div>
      <div className="body">
        {first && (
          <div className="head">
            <b>{author}</b>
            <time dateTime={new Date(time).toISOString()} title={active ? fullTime(lang, time) : undefined}>{clock}</time>
          </div>
        )}
        <div className="text">{children}</div>
      </div>
      {actions && active && <div className="tools">{actions}</div>}
    </article>
  );
}

const frame = css`
  position: relative; display: flex; gap: var(--s3); padding: 2px var(--s5);
  &[data-first] { padding-top: var(--s3); }
  &:hover, &:focus-within { background: var(--bg-hover); }
  &:focus-visible { outline-offset: -2px; }
  &[data-wanted] { background: var(--bg-flash); }
  &[data-dim] .text { opacity: 0.62; }
  .gutter { flex: none; width: 40px; padding-top: 2px; text-align: center; }
  .body { flex: 1; min-width: 0; }
  .head { display: flex; align-items: baseline; gap: var(--s2); line-height: 1.4; }
  .head b { font-weight: 650; }
  time { font-size: 12px; color: var(--text-soft); white-space: nowrap; }
  .gutter time { font-size: 11px; line-height: 20px; }
  .tools {
    position: absolute; top: -14px; right: var(--s5); z-index: 2; display: flex;
    background: var(--bg-raised); border: 1px solid var(--line); border-radius: var(--r1);
  }
  @media (max-width: 759px) { padding-left: var(--s4); padding-right: var(--s4); }
`;
