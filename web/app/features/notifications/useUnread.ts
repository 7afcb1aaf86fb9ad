import { totalUnread } from "~/realtime/selectors";
import { useChat } from "~/features/chat/useChat";
import { useMuted } from "./muted";

/** How much is unread in the channels that may say so: what the title and the icon tell. */
export function useUnread(): number {
  const muted = useMuted();
  return useChat((s) => totalUnread(s, muted));
}
