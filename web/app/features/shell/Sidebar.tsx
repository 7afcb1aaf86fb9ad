import { useState } from "react";
import { css } from "@emotion/react";
import { NavLink } from "react-router";
import type { ChannelRow } from "~/api/types";
import { useI18n } from "~/i18n/I18n";
import { channelList, isListed } from "~/realtime/selectors";
import { useChat } from "~/features/chat/useChat";
import { useMuted } from "~/features/notifications/muted";
import { Icon } from "~/ui/Icon";
import { IconButton, IconLink } from "~/ui/Button";
import { ChannelLink, itemStyle } from "./ChannelLink";
import { SidebarHead } from "./SidebarHead";
import { UserBar } from "./UserBar";
import { useSidebar } from "./sidebarState";

interface Listed {
  id: string;
  name: string;
  unread: number;
}

export function LiveSidebar() {
  const channels = useChat(channelList);
  const known = useChat((s) => isListed(s) || channelList(s).length > 0);
  return <Sidebar channels={channels} known={known} />;
}

export function StaticSidebar({ channels }: { channels: ChannelRow[] }) {
  return <Sidebar channels={channels.map((c) => ({ ...c, unread: 0 }))} known />;
}

const FILTER_FROM = 6;

function Sidebar({ channels, known }: { channels: readonly Listed[]; known: boolean }) {
  const { t, lang } = useI18n();
  const { toggle } = useSidebar();
  const muted = useMuted();
  const [filter, setFilter] = useState("");
  const wanted = filter.trim().toLocaleLowerCase(lang);
  const shown = wanted
    ? channels.filter((c) => c.name.toLocaleLowerCase(lang).includes(wanted))
    : channels;
  return (
    <>
      <SidebarHead onCollapse={toggle} />
      <nav css={nav} aria-label={t("nav.label")} data-region="sidebar" tabIndex={-1}>
        <div css={heading}>
          <h2 css={css`font-size: 13px; color: var(--text-soft);`}>{t("nav.channels")}</h2>
          <IconLink icon="plus" label={t("nav.create")} to="/browse?new" />
        </div>
        {channels.length >= FILTER_FROM && (
          <div css={filterBox}>
            <input
              css={filterInput} type="search" value={filter} aria-label={t("nav.filter")}
              placeholder={t("nav.filter")} onChange={(e) => setFilter(e.target.value)}
              onKeyDown={(e) => { if (e.key === "Escape") setFilter(""); }}
            />
          </div>
        )}
        <ul css={list}>
          {shown.map((c) => (
            <li key={c.id}><ChannelLink {...c} muted={muted.has(c.id)} /></li>
          ))}
        </ul>
        {known && channels.length === 0 && <p css={empty}>{t("nav.none")}</p>}
        {wanted && shown.length === 0 && <p css={empty}>{t("nav.noMatch", { text: filter })}</p>}
        <NavLink to="/browse" css={[itemStyle, css`margin-top: var(--s2);`]}>
          <Icon name="compass" /> {t("nav.browse")}
        </NavLink>
      </nav>
      <UserBar />
    </>
  );
}

export function SidebarToggle() {
  const { t } = useI18n();
  const { collapsed, toggle } = useSidebar();
  if (!collapsed) return null;
  return (
    <span css={css`@media (max-width: 759px) { display: none; }`}>
      <IconButton icon="sidebar" label={t("nav.expand")} onClick={toggle} />
    </span>
  );
}

const nav = css`flex: 1; min-height: 0; overflow-y: auto; padding: 0 var(--s2) var(--s4); &:focus-visible { outline-offset: -2px; }`;
const heading = css`
  display: flex; align-items: center; justify-content: space-between;
  padding: var(--s2) 0 var(--s1) var(--s3);
`;
const list = css`display: flex; flex-direction: column; gap: 1px;`;
const empty = css`padding: var(--s2) var(--s3); color: var(--text-soft); font-size: 14px;`;
const filterBox = css`padding: 0 var(--s1) var(--s2);`;
const filterInput = css`
  width: 100%; min-height: var(--target); padding: 0 var(--s3); font-size: 14px;
  background: var(--bg); border: 1px solid var(--line); border-radius: var(--r1);
  &::placeholder { color: var(--text-soft); opacity: 1; }
`;
