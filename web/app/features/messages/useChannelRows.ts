import { useState } from "react";
import type { TimelineItem } from "~/realtime/types";
import { useChat } from "~/features/chat/useChat";
import { useMe } from "~/features/shell/me";
import { createRowBuilder } from "./rows";

export function useChannelRows(channelId: string, items: readonly TimelineItem[], newSeq: number | null) {
  const me = useMe();
  const hasOlder = useChat((s) => s.channels[channelId]?.hasOlder ?? true);
  const known = useChat((s) => (s.channels[channelId]?.ranges.length ?? 0) > 0);
  const [build] = useState(createRowBuilder);
  return build({ items, newSeq, complete: known && !hasOlder, meId: me.id });
}
