import { useEffect } from "react";
import { useNavigate, useParams } from "react-router";
import type { Message, Reply } from "~/realtime/types";
import { totalUnread } from "~/realtime/selectors";
import { useChat, useChatClient } from "~/features/chat/useChat";
import { useMe } from "~/features/shell/me";
import { useI18n } from "~/i18n/I18n";
import { useAnnounce } from "~/ui/Announcer";
import { plainText } from "~/markdown/plain";
import { mutedChannels } from "./muted";
import { notifyState } from "./permission";

const BODY_MAX = 140;

const pathOf = (post: Message | Reply) =>
  "parentId" in post ? `/c/${post.channelId}/t/${post.parentId}` : `/c/${post.channelId}?m=${post.id}`;

/** New posts of others: read out where they are being looked at, notified where they are not. */
export function useNotifications() {
  const client = useChatClient();
  const me = useMe();
  const { t } = useI18n();
  const announce = useAnnounce();
  const navigate = useNavigate();
  const { channelId } = useParams();
  useEffect(
    () =>
      client.onPost((post, { replay }) => {
        if (replay || post.authorId === me.id) return;
        const body = plainText(post.text).slice(0, BODY_MAX);
        const looking = document.visibilityState === "visible" && document.hasFocus();
        if (looking && post.channelId === channelId) {
          announce(t("messages.announce", { name: post.authorName, text: body }));
        }
        if (looking || mutedChannels().has(post.channelId) || notifyState() !== "on") return;
        const channel = client.getSnapshot().channels[post.channelId]?.name ?? "";
        // One tag a post: of several tabs that hear it, one is seen to say so.
        const note = new Notification(t("notify.title", { name: post.authorName, channel }), {
          body, tag: `${post.channelId}:${post.seq}`, icon: "/icons/icon-192.png",
        });
        note.onclick = () => {
          window.focus();
          void navigate(pathOf(post));
          note.close();
        };
      }),
    [client, me.id, channelId, announce, navigate, t],
  );
  useFavicon(useChat(totalUnread) > 0);
}

function useFavicon(unread: boolean) {
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (icon) icon.href = unread ? "/favicon-unread.svg" : "/favicon.svg";
  }, [unread]);
}
