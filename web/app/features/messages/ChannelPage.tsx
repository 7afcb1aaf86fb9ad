import { useEffect } from "react";
import { css } from "@emotion/react";
import { Outlet } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { totalUnread } from "~/realtime/selectors";
import { useChat, useChatClient } from "~/features/chat/useChat";
import { setLastChannel } from "~/features/channels/last";
import { Composer } from "~/features/composer/Composer";
import { Typing } from "~/features/composer/Typing";
import { Title } from "~/ui/Title";
import { ChannelHeader } from "./ChannelHeader";
import { MessageList } from "./MessageList";
import { NotMember } from "./NotMember";

export function ChannelPage({ channelId }: { channelId: string }) {
  const { t } = useI18n();
  const client = useChatClient();
  const joined = useChat((s) => s.channels[channelId]?.joined ?? false);
  const known = useChat((s) => s.connection.everOnline);
  const name = useChat((s) => s.channels[channelId]?.name ?? "");
  const unread = useChat(totalUnread);
  useEffect(() => {
    if (!joined) return;
    setLastChannel(channelId);
    return client.openChannel(channelId);
  }, [client, channelId, joined]);

  if (!joined) return known ? <NotMember channelId={channelId} /> : <main id="main" css={page} />;
  return (
    <main id="main" tabIndex={-1} css={page}>
      <Title text={name} unread={unread} />
      <h1 className="sr-only">{name}</h1>
      <div css={channel}>
        <ChannelHeader channelId={channelId} />
        <MessageList channelId={channelId} />
        <Composer
          draftKey={channelId} label={t("composer.label", { name })} channelId={channelId} region="composer"
        />
        <Typing channelId={channelId} />
      </div>
      <Outlet />
    </main>
  );
}

const page = css`display: flex; flex: 1; min-width: 0; min-height: 0; &:focus { outline: none; }`;
const channel = css`
  display: flex; flex-direction: column; flex: 1; min-width: 0; min-height: 0; background: var(--bg);
  @media (max-width: 759px) { [data-pane="thread"] & { display: none; } }
`;
