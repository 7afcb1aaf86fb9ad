import { useEffect } from "react";
import { findMessage } from "~/realtime/selectors";
import { useChat, useChatClient } from "~/features/chat/useChat";

/** The message a thread is about; fetched with its surroundings where it is not at hand. */
export function useRoot(channelId: string, messageId: number) {
  const client = useChatClient();
  const root = useChat((s) => findMessage(s, channelId, messageId));
  const ready = useChat((s) => (s.channels[channelId]?.ranges.length ?? 0) > 0);
  useEffect(() => {
    if (ready && !root) void client.loadAround(channelId, messageId);
  }, [ready, root, client, channelId, messageId]);
  return root;
}
