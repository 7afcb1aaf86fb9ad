import { useState } from "react";
import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { useChat } from "~/features/chat/useChat";
import { toggleMuted, useMuted } from "~/features/notifications/muted";
import { SidebarToggle } from "~/features/shell/Sidebar";
import { useAnnounce } from "~/ui/Announcer";
import { IconLink } from "~/ui/Button";
import { Icon } from "~/ui/Icon";
import { Menu } from "~/ui/Menu";
import { LeaveDialog } from "./LeaveDialog";
import { MembersDialog } from "./MembersDialog";

export function ChannelHeader({ channelId }: { channelId: string }) {
  const { t, count } = useI18n();
  const announce = useAnnounce();
  const name = useChat((s) => s.channels[channelId]?.name ?? "");
  const members = useChat((s) => s.channels[channelId]?.members ?? null);
  const muted = useMuted().has(channelId);
  const [dialog, setDialog] = useState<"members" | "leave" | null>(null);
  const close = () => setDialog(null);
  const copy = async () => {
    await navigator.clipboard.writeText(`${location.origin}/c/${channelId}`);
    announce(t("messages.copied"));
  };
  return (
    <header css={bar}>
      <span css={onlyPhone}><IconLink icon="back" label={t("nav.back")} to="/" /></span>
      <SidebarToggle />
      <span css={css`color: var(--text-soft); display: flex; @media (max-width: 759px) { display: none; }`}>
        <Icon name="hash" size={20} />
      </span>
      <div css={title} aria-hidden="true">{name}</div>
      {muted && <span css={css`color: var(--text-soft); display: flex;`} title={t("nav.muted")}><Icon name="bellOff" size={16} /></span>}
      <span css={css`flex: 1;`} />
      {members && (
        <button type="button" css={people} onClick={() => setDialog("members")}
          aria-label={`${count("channel.members", members.length)}, ${t("channel.online", { n: members.filter((m) => m.online).length })}`}>
          <Icon name="people" /> {members.length}
          <span css={dot} data-online="" aria-hidden="true" /> {members.filter((m) => m.online).length}
        </button>
      )}
      <Menu
        icon="more" label={t("channel.more")}
        items={[
          { icon: "people", label: members ? count("channel.members", members.length) : "…", act: () => setDialog("members") },
          { icon: muted ? "bell" : "bellOff", label: t(muted ? "channel.unmute" : "channel.mute"), act: () => toggleMuted(channelId) },
          { icon: "link", label: t("channel.copyLink"), act: () => void copy() },
          { icon: "leave", label: t("channel.leave"), danger: true, act: () => setDialog("leave") },
        ]}
      />
      {dialog === "members" && <MembersDialog name={name} members={members ?? []} onClose={close} />}
      {dialog === "leave" && <LeaveDialog name={name} channelId={channelId} onClose={close} />}
    </header>
  );
}

const bar = css`
  display: flex; align-items: center; gap: var(--s2); flex: none; min-height: 56px;
  padding: 0 var(--s4) 0 var(--s5); border-bottom: 1px solid var(--line);
  @media (max-width: 759px) { padding: 0 var(--s2); }
`;
const title = css`font-size: 17px; font-weight: 650; letter-spacing: -0.01em; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;`;
const onlyPhone = css`@media (min-width: 760px) { display: none; }`;
const people = css`
  display: inline-flex; align-items: center; gap: 6px; min-height: var(--target); padding: 0 var(--s2);
  border: 0; border-radius: var(--r1); background: none; color: var(--text-soft); font-size: 14px;
  font-variant-numeric: tabular-nums; white-space: nowrap;
  &:hover { background: var(--bg-hover); color: var(--text); }
`;
const dot = css`width: 8px; height: 8px; margin-left: var(--s1); border-radius: 50%; background: var(--online);`;
