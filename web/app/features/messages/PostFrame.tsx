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

/** A message's place in the list: who, when, and what hovers over it. */
export function PostFrame({ authorId, author, time, first, wanted, dim, actions, onOpen, children }: Props) {
  const { lang, t } = useI18n();
  const clock = clockTime(lang, time);
  return (
    <article
      css={[frame, first && gap]} tabIndex={-1} data-wanted={wanted || undefined}
      aria-label={t("messages.by", { name: author, time: clock })}
      onKeyDown={(e) => {
        if (e.key === "Enter" && e.target === e.currentTarget && onOpen) onOpen();
      }}
    >
      <div css={gutter}>
        {first
          ? <Avatar id={authorId} name={author} />
          : <time css={small} className="aside" dateTime={new Date(time).toISOString()}>{clock}</time>}
      </div>
      <div css={css`flex: 1; min-width: 0;`}>
        {first && (
          <div css={head}>
            <span css={css`font-weight: 650;`}>{author}</span>
            <time css={when} dateTime={new Date(time).toISOString()} title={fullTime(lang, time)}>{clock}</time>
          </div>
        )}
        <div css={dim ? css`opacity: 0.62;` : undefined}>{children}</div>
      </div>
      {actions && <div css={tools} className="tools">{actions}</div>}
    </article>
  );
}

const frame = css`
  position: relative; display: flex; gap: var(--s3); padding: 2px var(--s5);
  .aside, .tools { opacity: 0; }
  &:hover, &:focus-within { background: var(--bg-hover); }
  &:hover .aside, &:focus-within .aside, &:hover .tools, &:focus-within .tools { opacity: 1; }
  &:focus-visible { outline-offset: -2px; }
  &[data-wanted] { background: var(--bg-flash); }
  @media (max-width: 759px) { padding: 2px var(--s4); }
`;
const gap = css`padding-top: var(--s3); @media (max-width: 759px) { padding-top: var(--s3); }`;
const gutter = css`flex: none; width: 40px; padding-top: 2px; text-align: center;`;
const head = css`display: flex; align-items: baseline; gap: var(--s2); line-height: 1.4;`;
const when = css`font-size: 12px; color: var(--text-soft); white-space: nowrap;`;
const small = css`font-size: 11px; line-height: 20px; color: var(--text-soft); white-space: nowrap;`;
const tools = css`
  position: absolute; top: -14px; right: var(--s5); z-index: 2; display: flex;
  background: var(--bg-raised); border: 1px solid var(--line); border-radius: var(--r1);
  article:not(:hover, :focus-within) > & { pointer-events: none; }
`;
