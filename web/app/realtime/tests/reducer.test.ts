/* Whatever the order in which facts come, the list is gapless and without duplicates. */
import { describe, expect, it } from "vitest";
import type { ChatEvent } from "../events.js";
import { covers } from "../ranges.js";
import { emptyState, reduce } from "../reducer.js";
import { timeline } from "../selectors.js";
import type { Channel, OutboxEntry, Post, State } from "../types.js";
import {
  afterOf,
  CHANNEL,
  headOf,
  makeLog,
  ME,
  messagesOf,
  pageOf,
  repliesTo,
} from "./chatLog.js";
import { Random, seeds } from "./random.js";

function entryOf(post: Post): OutboxEntry {
  return {
    clientMsgId: post.clientMsgId ?? "",
    channelId: post.channelId,
    parentId: post.kind === "reply" ? post.parentId : null,
    text: post.text,
    createdAt: post.seq,
    status: "pending",
    attempts: 0,
    error: null,
  };
}

function latest(log: readonly Post[], limit: number): ChatEvent {
  const page = pageOf(log, null, limit);
  return { type: "page", channelId: CHANNEL, kind: "latest", upTo: headOf(log), ...page };
}

function older(log: readonly Post[], from: Post, limit: number): ChatEvent {
  const page = pageOf(log, from.id, limit);
  return { type: "page", channelId: CHANNEL, kind: "older", upTo: from.seq, ...page };
}

function after(log: readonly Post[], seq: number, limit: number, isStream: boolean): ChatEvent {
  const { posts, isLast } = afterOf(log, seq, limit);
  const upTo = isLast ? headOf(log) : null;
  return { type: "after_page", channelId: CHANNEL, after: seq, posts, upTo, isStream };
}

/** Live frames, replays, acks of duplicates and pages of different times, in any order. */
function storm(random: Random, log: readonly Post[], start: number): ChatEvent[] {
  const base = random.below(log.length);
  const events: ChatEvent[] = log.slice(base).map((post) => ({ type: "post", post }));
  const past = (): readonly Post[] => log.slice(0, random.between(1, log.length));
  for (let i = random.below(6); i > 0; i -= 1) {
    const from = random.below(log.length);
    for (const post of log.slice(from, from + random.between(1, 9))) {
      events.push({ type: "post", post });
    }
  }
  for (let i = random.below(5); i > 0; i -= 1) events.push(latest(past(), random.between(1, 9)));
  for (let i = random.below(5); i > 0; i -= 1) {
    const then = past();
    const from = random.pick(messagesOf(then));
    events.push(older(then, from, random.between(1, 9)));
    const at = random.pick(then).seq;
    /* The stream is only ever caught up with from where it was heard to. */
    events.push(after(then, at, random.between(1, 9), at >= start && random.chance(0.5)));
  }
  return random.shuffle(events);
}

/** Everything that was not heard or paged yet, as catch-up and a scrolling reader would get it. */
function closing(log: readonly Post[], start: number): ChatEvent[] {
  const events: ChatEvent[] = [latest(log, 5), after(log, start, log.length, true)];
  for (let at = 0; at < headOf(log); ) {
    events.push(after(log, at, 7, false));
    at = afterOf(log, at, 7).posts.at(-1)?.seq ?? headOf(log);
  }
  return events;
}

function channelOf(state: State): Channel {
  const channel = state.channels[CHANNEL];
  if (channel === undefined) throw new Error("the channel is not there");
  return channel;
}

/** What must hold after every single event. */
function check(state: State, log: readonly Post[]): void {
  const { messages, ranges } = channelOf(state);
  const seqs = messages.map((m) => m.seq);
  expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  for (const message of messagesOf(log)) {
    expect(seqs.includes(message.seq)).toBe(covers(ranges, message.seq));
  }
  const keys = timeline(state, CHANNEL).map((i) => i.key);
  expect(new Set(keys).size).toBe(keys.length);
  ranges.forEach((r, i) => expect(r.after).toBeGreaterThan(ranges[i - 1]?.to ?? -1));
}

function begin(head: number): State {
  const hello = { id: CHANNEL, headSeq: head, readSeq: 0, recovered: null };
  return reduce(emptyState(ME), { type: "hello", channels: [hello] });
}

describe("any interleaving of live, replay, pages, acks and retries", () => {
  it.each(seeds(300))("ends in the same list (seed %i)", (seed) => {
    const random = new Random(seed);
    const log = makeLog(random, random.between(1, 50));
    const mine = log.filter((p) => p.authorId === ME.id);
    const thread = random.pick(messagesOf(log));
    const start = random.pick(log).seq;
    let state = begin(start);
    state = reduce(state, { type: "channel_opened", channelId: CHANNEL });
    state = reduce(state, { type: "thread_opened", channelId: CHANNEL, messageId: thread.id });
    for (const post of mine) state = reduce(state, { type: "entry", entry: entryOf(post) });
    for (const event of storm(random, log, start)) {
      state = reduce(state, event);
      check(state, log);
    }
    for (const event of closing(log, start)) state = reduce(state, event);
    state = reduce(state, {
      type: "thread_page",
      messageId: thread.id,
      replies: [...repliesTo(log, thread.id)].reverse(),
      reachesStart: true,
      isNewest: true,
    });
    check(state, log);

    const channel = channelOf(state);
    expect(channel.messages.map((m) => m.id)).toEqual(messagesOf(log).map((m) => m.id));
    expect(channel.ranges).toEqual([{ after: 0, to: headOf(log) }]);
    expect(channel.heard).toHaveLength(1);
    expect(channel.hasOlder).toBe(false);
    expect(state.outbox).toEqual([]);
    expect(state.threads[thread.id]?.replies.map((r) => r.id)).toEqual(
      repliesTo(log, thread.id).map((r) => r.id),
    );
    const read = Math.max(0, ...mine.map((p) => p.seq).filter((s) => s > start));
    expect(channel.readSeq).toBe(read);
    const unread = log.filter((p) => p.authorId !== ME.id && p.seq > Math.max(start, read));
    expect(channel.unread).toBe(unread.length);
  });

  it.each(seeds(100))("counts replies once when the stream brings them (seed %i)", (seed) => {
    const random = new Random(seed);
    const log = makeLog(random, random.between(2, 40));
    let state = reduce(begin(0), latest([], 5));
    for (const post of log) {
      state = reduce(state, { type: "post", post });
      if (random.chance(0.3)) state = reduce(state, { type: "post", post: random.pick(log) });
    }
    for (const message of channelOf(state).messages) {
      expect(message.replyCount).toBe(repliesTo(log, message.id).length);
    }
  });
});
