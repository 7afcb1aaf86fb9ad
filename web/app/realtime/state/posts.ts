/* Messages take their place in a channel's list.
 *
 * Every source (live, replay, ack, page, store) states facts: posts, and ranges without a hole.
 * Facts are united, so their order and repetition do not matter. What lies below everything we
 * hold is left out: it comes with its page when the reader goes there. */
import {
  CLOSED_MESSAGES_MAX,
  EARLY_REPLIES_MAX,
  OPEN_MESSAGES_MAX,
  TAIL_MESSAGES_KEPT,
} from "../limits.js";
import { addRange, covers, cutRange } from "../ranges.js";
import type { Channel, Message, Post, Range } from "../types.js";

/** Where `seq` is or would be in a list in order. */
function placeOf(messages: readonly Message[], seq: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = messages[middle];
    if (at !== undefined && at.seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBelowView(channel: Channel, seq: number): boolean {
  const first = channel.ranges[0];
  return first !== undefined && seq <= first.after;
}

/** Replies are never taken back, so of two counts the higher is the newer. */
function unite(before: Message, after: Message): Message {
  if (after.replyCount <= before.replyCount) return before;
  return { ...before, replyCount: after.replyCount };
}

export function mergeMessages(
  before: readonly Message[],
  added: readonly Message[],
): readonly Message[] {
  const bySeq = new Map(before.map((m) => [m.seq, m]));
  let isSame = true;
  for (const m of added) {
    const known = bySeq.get(m.seq);
    const next = known === undefined ? m : unite(known, m);
    isSame = isSame && next === known;
    bySeq.set(m.seq, next);
  }
  if (isSame) return before;
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

function insertOne(messages: readonly Message[], added: Message): readonly Message[] {
  const at = placeOf(messages, added.seq);
  const there = messages[at];
  if (there?.seq !== added.seq) return [...messages.slice(0, at), added, ...messages.slice(at)];
  const united = unite(there, added);
  return united === there ? messages : messages.with(at, united);
}

/** One more reply under message `id`. */
function countReply(channel: Channel, id: number): Channel {
  const at = channel.messages.findLastIndex((m) => m.id === id);
  const message = channel.messages[at];
  if (message !== undefined) {
    const counted = { ...message, replyCount: message.replyCount + 1 };
    return { ...channel, messages: channel.messages.with(at, counted) };
  }
  const others = Object.entries(channel.earlyReplies).filter(([key]) => key !== String(id));
  const early: [string, number] = [String(id), (channel.earlyReplies[id] ?? 0) + 1];
  const earlyReplies = Object.fromEntries([...others.slice(1 - EARLY_REPLIES_MAX), early]);
  return { ...channel, earlyReplies };
}

function withEarly(channel: Channel, message: Message): Message {
  const replyCount = channel.earlyReplies[message.id] ?? 0;
  return replyCount > message.replyCount ? { ...message, replyCount } : message;
}

function withRanges(channel: Channel, ranges: readonly Range[]): Channel {
  const first = ranges[0];
  return { ...channel, ranges, hasOlder: first === undefined || first.after > 0 };
}

/** Puts one post into the view. A reply is counted unless what we hold has counted it already. */
export function addPost(channel: Channel, post: Post): Channel {
  if (isBelowView(channel, post.seq)) return channel;
  const isNew = !covers(channel.ranges, post.seq);
  const ranges = addRange(channel.ranges, post.prevSeq, post.seq);
  let next = channel;
  if (post.kind === "message") {
    const messages = insertOne(channel.messages, withEarly(channel, post));
    if (messages !== channel.messages) next = { ...channel, messages };
  } else if (isNew) next = countReply(channel, post.parentId);
  if (next === channel && ranges === channel.ranges) return channel;
  return trim(withRanges(next, ranges));
}

/** Puts all messages of (after, to] into the view. */
export function addSpan(
  channel: Channel,
  messages: readonly Message[],
  after: number,
  to: number,
): Channel {
  const early = messages.map((m) => withEarly(channel, m));
  const merged = mergeMessages(channel.messages, early);
  const ranges = addRange(channel.ranges, after, to);
  if (merged === channel.messages && ranges === channel.ranges) return channel;
  return trim(withRanges({ ...channel, messages: merged }, ranges));
}

/** Drops what is too much: the oldest, or for a reader far up what lies just below the tail. */
export function trim(channel: Channel): Channel {
  const max = channel.opened > 0 ? OPEN_MESSAGES_MAX : CLOSED_MESSAGES_MAX;
  const excess = channel.messages.length - max;
  if (excess <= 0) return channel;
  const isHistory = channel.mode === "history" && channel.opened > 0;
  const start = isHistory ? max - TAIL_MESSAGES_KEPT : 0;
  const below = channel.messages[start - 1];
  const last = channel.messages[start + excess - 1];
  if (last === undefined) return channel;
  const messages = channel.messages.toSpliced(start, excess);
  return withRanges(
    { ...channel, messages },
    cutRange(channel.ranges, below === undefined ? -1 : below.seq, last.seq),
  );
}
