import { useEffect, useLayoutEffect, useState } from "react";
import type { Virtualizer } from "@tanstack/react-virtual";
import { useChat, useChatClient } from "~/features/chat/useChat";
import { useAnnounce } from "~/ui/Announcer";
import { useI18n } from "~/i18n/I18n";
import type { Row } from "./rows";

/** Where a channel opens: at the message that was asked for, else at the first unread, else at the
 * newest. Until then the list is not shown. True once it has landed. */
export function useLanding(
  channelId: string,
  rows: readonly Row[],
  virtual: Virtualizer<HTMLDivElement, Element>,
  newSeq: number | null,
  wanted: number | null,
): boolean {
  const client = useChatClient();
  const announce = useAnnounce();
  const { t } = useI18n();
  const known = useChat((s) => (s.channels[channelId]?.ranges.length ?? 0) > 0);
  const [landed, setLanded] = useState(false);
  const [arrived, setArrived] = useState<number | null>(null);

  useEffect(() => {
    if (wanted === null || !known) return;
    let current = true;
    void client.loadAround(channelId, wanted).then((found) => {
      if (!current) return;
      if (!found) announce(t("messages.notFound"));
      setArrived(found ? wanted : null);
      if (!found) setLanded(true);
    });
    return () => { current = false; };
  }, [client, channelId, wanted, known, announce, t]);

  useLayoutEffect(() => {
    if (arrived === null) return;
    const at = rows.findIndex(
      (r) => r.kind === "post" && r.item.kind === "message" && r.item.message.id === arrived,
    );
    if (at < 0) return;
    virtual.scrollToIndex(at, { align: "center" });
    setArrived(null);
    setLanded(true);
  }, [arrived, rows, virtual]);

  useLayoutEffect(() => {
    if (landed || wanted !== null || (rows.length === 0 && !known)) return;
    const at = newSeq === null ? -1 : rows.findIndex((r) => r.kind === "new");
    if (at > 0) virtual.scrollToIndex(at, { align: "start" });
    else virtual.scrollToEnd();
    setLanded(true);
  }, [landed, wanted, rows, known, newSeq, virtual]);
  return landed;
}
