import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { css } from "@emotion/react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useI18n } from "~/i18n/I18n";
import { threadItems } from "~/realtime/selectors";
import { useChat, useChatClient } from "~/features/chat/useChat";
import { PostFrame } from "~/features/messages/PostFrame";
import { useMe } from "~/features/shell/me";
import { Markdown } from "~/markdown/Markdown";
import { Button } from "~/ui/Button";
import { ReplyView } from "./ReplyView";
import { threadRows, type ThreadRow } from "./threadRows";
import { useRoot } from "./useRoot";

const END_PX = 60;
const ROW_PX = { root: 96, older: 44, none: 72, reply: 60 } as const;
const NEXT_REPLY_PX = 27;

const estimateOf = (row: ThreadRow) => (row.kind === "reply" && !row.first ? NEXT_REPLY_PX : ROW_PX[row.kind]);

/** The message a thread is about, and what was answered: drawn where it is looked at, as messages are. */
export function ReplyList({ channelId, messageId }: { channelId: string; messageId: number }) {
  const { t } = useI18n();
  const client = useChatClient();
  const me = useMe();
  const scroller = useRef<HTMLDivElement>(null);
  const items = useChat((s) => threadItems(s, messageId));
  const hasRoot = useRoot(channelId, messageId) !== null;
  const hasOlder = useChat((s) => s.threads[String(messageId)]?.hasOlder ?? false);
  const loading = useChat((s) => s.threads[String(messageId)]?.loading ?? true);
  const rows = useMemo(
    () => threadRows({ items, hasRoot, hasOlder, isEmpty: !loading && items.length === 0, meId: me.id }),
    [items, hasRoot, hasOlder, loading, me.id],
  );
  const getItemKey = useCallback((i: number) => rows[i]!.key, [rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (i) => estimateOf(rows[i]!),
    initialOffset: () => rows.reduce((sum, row) => sum + estimateOf(row), 0),
    getItemKey,
    overscan: 6,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: END_PX,
    paddingEnd: 12,
  });

  // At the newest when it opens, and when its reader answers; else where its reader is.
  const [landed, setLanded] = useState(false);
  const last = items.at(-1);
  const isMine = last?.kind === "outgoing";
  useLayoutEffect(() => {
    if (last && (!landed || isMine)) virtual.scrollToEnd();
    if (last) setLanded(true);
  }, [last, isMine, landed, virtual]);

  const view = (row: ThreadRow) => {
    switch (row.kind) {
      case "root": return <Root channelId={channelId} messageId={messageId} />;
      case "reply": return <ReplyView item={row.item} first={row.first} />;
      case "none": return <p css={none}>{t("thread.none")}</p>;
      case "older":
        return (
          <Button look="quiet" disabled={loading} onClick={() => void client.loadOlderReplies(messageId)}>
            {t("thread.older")}
          </Button>
        );
    }
  };
  return (
    <div ref={scroller} css={scroll} data-region="thread" data-testid="thread" tabIndex={0}
      role="region" aria-label={t("thread.replies")}>
      <div css={canvas} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((v) => (
          <div key={v.key} data-index={v.index} ref={virtual.measureElement} css={slot}
            style={{ transform: `translateY(${v.start}px)` }}>
            {view(rows[v.index]!)}
          </div>
        ))}
      </div>
    </div>
  );
}

function Root({ channelId, messageId }: { channelId: string; messageId: number }) {
  const root = useRoot(channelId, messageId);
  return root && (
    <div css={rootStyle}>
      <PostFrame authorId={root.authorId} author={root.authorName} time={Date.parse(root.createdAt)} first>
        <Markdown text={root.text} />
      </PostFrame>
    </div>
  );
}

const scroll = css`
  flex: 1; min-height: 0; overflow-y: auto; overflow-x: hidden; overflow-anchor: none; overscroll-behavior: contain;
  &:focus-visible { outline-offset: -2px; }
`;
const canvas = css`position: relative; width: 100%;`;
const slot = css`position: absolute; top: 0; left: 0; width: 100%;`;
const rootStyle = css`padding: var(--s2) 0 var(--s4); border-bottom: 1px solid var(--line);`;
const none = css`padding: var(--s5); text-align: center; color: var(--text-soft); font-size: 14px;`;
