import { css } from "@emotion/react";
import { NavLink } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { Icon } from "~/ui/Icon";

export const itemStyle = css`
  display: flex; align-items: center; gap: var(--s2);
  min-height: var(--target); padding: 0 var(--s3); border-radius: var(--r1);
  color: var(--text-soft); text-decoration: none;
  svg { flex: none; opacity: 0.85; }
  &:hover { background: var(--bg-side-hover); color: var(--text); }
  &[aria-current="page"] { background: var(--bg-current); color: var(--text); font-weight: 600; }
  &[data-unread] { color: var(--text); font-weight: 700; }
  &[data-muted] { font-style: italic; }
  &:focus-visible { outline-offset: -2px; }
`;
const nameStyle = css`flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;`;
const badge = css`
  min-width: 22px; padding: 1px 7px; border-radius: 11px; text-align: center;
  background: var(--accent); color: var(--on-accent); font-size: 12px; font-weight: 700;
`;

export function ChannelLink({ id, name, unread, muted }: {
  id: string;
  name: string;
  unread: number;
  muted: boolean;
}) {
  const { t, count } = useI18n();
  const loud = unread > 0 && !muted;
  return (
    <NavLink to={`/c/${id}`} css={itemStyle} data-unread={loud || undefined} data-muted={muted || undefined}>
      <Icon name={muted ? "bellOff" : "hash"} size={16} />
      <span css={nameStyle}>{name}</span>
      {muted && <span className="sr-only">, {t("nav.muted")}</span>}
      {unread > 0 && (
        <>
          <span css={[badge, muted && css`background: var(--line); color: var(--text);`]} aria-hidden="true">
            {unread > 99 ? "99+" : unread}
          </span>
          <span className="sr-only">, {count("nav.unread", unread)}</span>
        </>
      )}
    </NavLink>
  );
}
