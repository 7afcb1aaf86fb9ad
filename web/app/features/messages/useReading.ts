import { useEffect, useState, useSyncExternalStore } from "react";
import { firstUnreadSeq } from "~/realtime/selectors";
import { useChat, useChatClient } from "~/features/chat/useChat";

function subscribe(listener: () => void) {
  document.addEventListener("visibilitychange", listener);
  window.addEventListener("focus", listener);
  window.addEventListener("blur", listener);
  return () => {
    document.removeEventListener("visibilitychange", listener);
    window.removeEventListener("focus", listener);
    window.removeEventListener("blur", listener);
  };
}
const isLooking = () => document.visibilityState === "visible" && document.hasFocus();

/** What was read: everything, while the newest is in view of someone who looks. Where reading
 * stopped, the "new" divider stands until the channel is left. */
export function useReading(channelId: string) {
  const client = useChatClient();
  const [atEnd, setAtEnd] = useState(false);
  const looking = useSyncExternalStore(subscribe, isLooking, () => true);
  const headSeq = useChat((s) => s.channels[channelId]?.headSeq ?? 0);
  const readSeq = useChat((s) => s.channels[channelId]?.readSeq ?? 0);
  const firstUnread = useChat((s) => firstUnreadSeq(s, channelId));
  const reads = atEnd && looking;

  const [newSeq, setNewSeq] = useState<number | null>(firstUnread);
  if (firstUnread !== null && !reads && newSeq === null) setNewSeq(firstUnread);
  // Coming back to a channel that was read to its end: the old divider makes room for the next.
  if (firstUnread !== null && !reads && newSeq !== null && newSeq <= readSeq) setNewSeq(firstUnread);

  useEffect(() => {
    if (reads && headSeq > readSeq) client.markRead(channelId, headSeq);
  }, [reads, headSeq, readSeq, client, channelId]);
  return { atEnd, setAtEnd, newSeq };
}
