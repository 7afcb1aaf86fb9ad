import { useEffect } from "react";
import type { Virtualizer } from "@tanstack/react-virtual";
import { useChat, useChatClient } from "~/features/chat/useChat";

const AHEAD_ROWS = 30;

/** Loads what came before while the reader is still some screens away from it. */
export function useOlder(channelId: string, virtual: Virtualizer<HTMLDivElement, Element>, landed: boolean) {
  const client = useChatClient();
  const first = virtual.getVirtualItems()[0]?.index ?? Infinity;
  const wanted = useChat((s) => {
    const c = s.channels[channelId];
    return Boolean(c?.hasOlder && !c.loading.older && !c.loadError && c.ranges.length > 0);
  });
  const near = landed && first < AHEAD_ROWS;
  useEffect(() => {
    if (near && wanted) void client.loadOlder(channelId);
  }, [near, wanted, client, channelId]);
}
