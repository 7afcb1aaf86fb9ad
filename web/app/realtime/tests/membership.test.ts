/* Which channels one is in, and where their streams begin. */
import { describe, expect, it } from "vitest";
import type { ChatEvent, ListedChannel } from "../events.js";
import { emptyState, reduce } from "../reducer.js";
import { resumePoints } from "../state/stream.js";
import type { Post, State } from "../types.js";
import { CHANNEL, makeLog, ME, messagesOf, OTHER, pageOf, headOf } from "./chatLog.js";
import { Random } from "./random.js";

const listed: ListedChannel = {
  id: CHANNEL,
  name: "engines",
  ownerId: OTHER.id,
  createdAt: "2026-11-24T10:00:00Z",
  headSeq: 50,
  readSeq: 50,
  unread: 0,
};
const online: ChatEvent = {
  type: "connection",
  connection: { status: "online", retryAt: null, attempt: 0, everOnline: true, stopReason: null },
};
const joined: ChatEvent = { type: "joined", channelId: CHANNEL, seq: 52, user: ME, channel: listed };

function after(...events: readonly ChatEvent[]): State {
  return events.reduce(reduce, emptyState(ME));
}

function live(seq: number, prevSeq: number): ChatEvent {
  const [post] = makeLog(new Random(1), 1);
  return { type: "post", post: { ...post!, seq, prevSeq, authorId: OTHER.id, clientMsgId: null } };
}

const isIn = (state: State): boolean => state.channels[CHANNEL]?.joined ?? false;

describe("membership", () => {
  it("of an earlier list does not outweigh the frames that came since", () => {
    const hello: ChatEvent = { type: "hello", channels: [] };
    const left: ChatEvent = { type: "left", channelId: CHANNEL, user: ME };
    const list: ChatEvent = { type: "listed", channels: [listed] };
    const state = after(online, hello, joined, left, list);
    expect(isIn(state)).toBe(false);
    expect(isIn(after(online, hello, list, joined))).toBe(true);
    expect(isIn(after(online, hello, joined, { type: "listed", channels: [] }))).toBe(true);
  });

  it("is the list's to say as long as nobody said Hello", () => {
    expect(isIn(after({ type: "listed", channels: [listed] }))).toBe(true);
    const gone = after({ type: "listed", channels: [listed] }, { type: "listed", channels: [] });
    expect(isIn(gone)).toBe(false);
  });

  it("that ended elsewhere while one was away ends with Hello", () => {
    const state = after({ type: "listed", channels: [listed] }, { type: "hello", channels: [] });
    expect(isIn(state)).toBe(false);
  });

  it("lets the stream begin at the join, though nobody has spoken yet", () => {
    expect(resumePoints(after(joined))).toEqual({ [CHANNEL]: 52 });
    const state = after(joined, live(53, 50), live(55, 53));
    expect(resumePoints(state)).toEqual({ [CHANNEL]: 55 });
    expect(state.channels[CHANNEL]?.heard).toHaveLength(1);
    expect(state.channels[CHANNEL]?.unread).toBe(2);
  });

  it("whose hole the server replays after all is not paged", () => {
    const holed = after(joined, live(60, 58), {
      type: "resumed",
      channels: { [CHANNEL]: { recovered: false, headSeq: 60 } },
    });
    expect(holed.channels[CHANNEL]).toMatchObject({ refused: true });
    const again = { id: CHANNEL, headSeq: 60, readSeq: 0, recovered: true };
    const state = reduce(holed, { type: "hello", channels: [again] });
    expect(state.channels[CHANNEL]).toMatchObject({ refused: false });
    expect(resumePoints(state)).toEqual({ [CHANNEL]: 52 });
  });

  it("that ends takes the messages away", () => {
    const state = after(joined, live(53, 50), { type: "left", channelId: CHANNEL, user: ME });
    expect(state.channels[CHANNEL]).toMatchObject({ messages: [], unread: 0, heard: [], ranges: [] });
    expect(resumePoints(state)).toEqual({});
  });

  it("of others shows in the members, where they are loaded", () => {
    const members: ChatEvent = { type: "members", channelId: CHANNEL, members: [{ ...ME, online: true }] };
    const comes: ChatEvent = { type: "joined", channelId: CHANNEL, seq: 60, user: OTHER, channel: null };
    const goes: ChatEvent = { type: "left", channelId: CHANNEL, user: OTHER };
    const away: ChatEvent = { type: "presence", channelId: CHANNEL, online: [], offline: [OTHER] };
    expect(after(joined, comes).channels[CHANNEL]?.members).toBeNull();
    const names = (s: State) => s.channels[CHANNEL]?.members?.map((m) => `${m.name} ${m.online}`);
    expect(names(after(joined, members, comes))).toEqual(["me true", "other true"]);
    expect(names(after(joined, members, comes, away))).toEqual(["me true", "other false"]);
    expect(names(after(joined, members, comes, goes))).toEqual(["me true"]);
  });
});

describe("what lies below the view", () => {
  it("is left out until its page is asked for", () => {
    const log = makeLog(new Random(4), 30);
    const page: ChatEvent = {
      type: "page",
      channelId: CHANNEL,
      kind: "latest",
      upTo: headOf(log),
      ...pageOf(log, null, 5),
    };
    const old: ChatEvent[] = log.slice(0, 10).map((post: Post) => ({ type: "post", post }));
    const state = after(joined, page, ...old);
    const shown = state.channels[CHANNEL]?.messages.map((m) => m.id);
    expect(shown).toEqual(messagesOf(log).slice(-5).map((m) => m.id));
    expect(state.channels[CHANNEL]?.ranges).toHaveLength(1);
  });
});
