import { describe, expect, it } from "vitest";
import type { Message, TimelineItem } from "~/realtime/types";
import { createRowBuilder, type Row } from "./rows";

const noon = new Date(2026, 2, 10, 12).getTime();

function message(seq: number, author: string, minutes: number): TimelineItem {
  const m = {
    key: `k${seq}`, id: seq, channelId: "c", seq, prevSeq: seq - 1, authorId: author, authorName: author,
    text: `text ${seq}`, createdAt: new Date(noon + minutes * 60_000).toISOString(), clientMsgId: null, replyCount: 0,
  } as Message;
  return { kind: "message", key: m.key, message: m };
}
const shape = (rows: readonly Row[]) =>
  rows.map((r) => (r.kind === "post" ? (r.first ? "first" : "next") : r.kind));
const input = (items: TimelineItem[], more = {}) =>
  ({ items, newSeq: null, complete: false, meId: "me", ...more });

describe("rows", () => {
  it("groups an author's messages within five minutes", () => {
    const rows = createRowBuilder()(input([
      message(1, "a", 0), message(2, "a", 4), message(3, "a", 10), message(4, "b", 10),
    ]));
    expect(shape(rows)).toEqual(["day", "first", "next", "first", "first"]);
  });

  it("divides days at the reader's midnight", () => {
    const rows = createRowBuilder()(input([message(1, "a", 0), message(2, "a", 12 * 60)]));
    expect(shape(rows)).toEqual(["day", "first", "day", "first"]);
  });

  it("puts one new divider before the first unread", () => {
    const items = [message(1, "a", 0), message(3, "a", 1), message(4, "a", 2)];
    expect(shape(createRowBuilder()(input(items, { newSeq: 2 })))).toEqual(["day", "first", "new", "first", "next"]);
  });

  it("begins with the channel's beginning where nothing is older", () => {
    expect(shape(createRowBuilder()(input([], { complete: true })))).toEqual(["start"]);
  });

  it("comes to the same rows step by step as at once", () => {
    const items = Array.from({ length: 200 }, (_, i) => message(i + 1, "ab"[i % 7 < 4 ? 0 : 1]!, i * 2));
    const build = createRowBuilder();
    for (let n = 1; n <= items.length; n++) build(input(items.slice(0, n), { newSeq: 150 }));
    const stepwise = build(input(items, { newSeq: 150 }));
    expect(stepwise).toEqual(createRowBuilder()(input(items, { newSeq: 150 })));
    // Older ones come in at the front, and one in the middle changes.
    const more = [message(0, "a", -9), ...items];
    expect(build(input(more, { newSeq: 150 }))).toEqual(createRowBuilder()(input(more, { newSeq: 150 })));
  });

  it("adds to 100,000 messages in a moment", () => {
    const items = Array.from({ length: 100_000 }, (_, i) => message(i + 1, `u${i % 9}`, i));
    const build = createRowBuilder();
    build(input(items));
    const times = Array.from({ length: 20 }, (_, i) => {
      const next = input([...items, message(100_001 + i, "z", 100_000 + i)]);
      const begun = performance.now();
      build(next);
      return performance.now() - begun;
    });
    expect(Math.min(...times)).toBeLessThan(16); // the others: whatever else the machine was at
  });
});
