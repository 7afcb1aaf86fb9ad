import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { useChat } from "~/features/chat/useChat";
import { Icon } from "~/ui/Icon";

export function JumpToLatest({ channelId, onJump }: { channelId: string; onJump: () => void }) {
  const { t, count } = useI18n();
  const unread = useChat((s) => s.channels[channelId]?.unread ?? 0);
  return (
    <button type="button" css={pill} data-unread={unread > 0 || undefined} onClick={onJump}>
      <Icon name="down" size={16} />
      {unread > 0 ? count("messages.latestCount", unread) : t("messages.latest")}
    </button>
  );
}

const pill = css`
  position: absolute; bottom: var(--s3); left: 50%; translate: -50% 0; z-index: 5;
  display: flex; align-items: center; gap: var(--s2); min-height: var(--target); padding: 0 var(--s4);
  border: 1px solid var(--line); border-radius: 22px; background: var(--bg-raised); color: var(--text);
  font-size: 14px; font-weight: 600; box-shadow: var(--shadow);
  &[data-unread] { background: var(--accent); color: var(--on-accent); border-color: transparent; }
  &:hover { border-color: var(--line-strong); }
`;
