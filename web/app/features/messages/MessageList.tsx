import { useCallback, useRef } from "react";
import { css } from "@emotion/react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useSearchParams } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { timeline } from "~/realtime/selectors";
import { useChat, useChatClient } from "~/features/chat/useChat";
import { JumpToLatest } from "./JumpToLatest";
import { OlderStatus } from "./OlderStatus";
import { RowView } from "./RowView";
import type { Row } from "./rows";
import { useChannelRows } from "./useChannelRows";
import { useLanding } from "./useLanding";
import { useOlder } from "./useOlder";
import { useReading } from "./useReading";
import { moveBetweenMessages } from "./moveBetweenMessages";

const END_PX = 60;
const ROW_PX = { post: 60, day: 52, new: 34, gap: 56, start: 140 } as const;
/** One that continues what its author said before. */
const NEXT_POST_PX = 27;


const estimateOf = (row: Row) => (row.kind === "post" && !row.first ? NEXT_POST_PX : ROW_PX[row.kind]);

export function MessageList({ channelId }: { channelId: string }) {
  const { t } = useI18n();
  const client = useChatClient();
  const name = useChat((s) => s.channels[channelId]?.name ?? "");
  const items = useChat((s) => timeline(s, channelId));
  const wanted = Number(useSearchParams()[0].get("m")) || null;
  const scroller = useRef<HTMLDivElement>(null);
  const reading = useReading(channelId);
  const rows = useChannelRows(channelId, items, reading.newSeq);
  const getItemKey = useCallback((i: number) => rows[i]!.key, [rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (i) => estimateOf(rows[i]!),
    // Where it will land, about: what is at the top would be built for nothing.
    initialOffset: () => rows.reduce((sum, row) => sum + estimateOf(row), 0),
    getItemKey,
    overscan: 6,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: END_PX,
    paddingStart: 8,
    paddingEnd: 12,
    onChange: (v) => reading.setAtEnd(v.isAtEnd(END_PX)),
  });
  const landed = useLanding(channelId, rows, virtual, reading.newSeq, wanted);
  useOlder(channelId, virtual, landed);
  const toLatest = () => {
    client.jumpToLatest(channelId);
    requestAnimationFrame(() => virtual.scrollToEnd());
  };
  return (
    <div css={box}>
      <div
        ref={scroller} css={scroll} role="region" aria-label={t("channel.region", { name })}
        data-region="messages" data-testid="messages" tabIndex={0} data-landed={landed || undefined}
        onKeyDown={(e) => {
          if (e.key === "Escape") toLatest();
          else moveBetweenMessages(e, virtual, rows);
        }}
      >
        <div css={canvas} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((v) => (
            <div
              key={v.key} data-index={v.index} ref={virtual.measureElement} css={slot}
              style={{ transform: `translateY(${v.start}px)` }}
            >
              <RowView row={rows[v.index]!} channelId={channelId} wanted={wanted} />
            </div>
          ))}
        </div>
      </div>
      <OlderStatus channelId={channelId} />
      {landed && !reading.atEnd && <JumpToLatest channelId={channelId} onJump={toLatest} />}
    </div>
  );
}

const box = css`position: relative; display: flex; flex: 1; min-height: 0;`;
const scroll = css`
  display: flex; flex-direction: column; flex: 1; min-width: 0; overflow-y: auto; overflow-x: hidden;
  overflow-anchor: none;
  overscroll-behavior: contain; scrollbar-gutter: stable;
  &:not([data-landed]) { visibility: hidden; }
  &:focus-visible { outline-offset: -2px; }
`;
const canvas = css`position: relative; flex: none; width: 100%; margin-top: auto;`;
const slot = css`position: absolute; top: 0; left: 0; width: 100%;`;
