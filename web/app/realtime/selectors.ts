/* What the pages read. The answer is the same object while nothing it shows has changed. */
import { joins } from "./ranges.js";
import type {
  Channel,
  Message,
  OutboxEntry,
  State,
  Thread,
  ThreadItem,
  TimelineItem,
} from "./types.js";

const NO_ITEMS: readonly never[] = [];

/** Remembers the last answer for each object it was made from. */
function remember<K extends object, T>(
  make: (from: K, entries: readonly OutboxEntry[]) => readonly T[],
): (from: K, entries: readonly OutboxEntry[]) => readonly T[] {
  const answers = new WeakMap<K, { entries: readonly OutboxEntry[]; items: readonly T[] }>();
  return (from, entries) => {
    const last = answers.get(from);
    const isSame =
      last?.entries.length === entries.length && last.entries.every((e, i) => e === entries[i]);
    if (last !== undefined && isSame) return last.items;
    const items = make(from, entries);
    answers.set(from, { entries, items });
    return items;
  };
}

function outgoing(entry: OutboxEntry): { kind: "outgoing"; key: string; entry: OutboxEntry } {
  return { kind: "outgoing", key: entry.clientMsgId, entry };
}

type Gap = Extract<TimelineItem, { kind: "gap" }>;

/** The gap between two known positions; null: they are in one range. */
function gapBetween(channel: Channel, seq: number, next: number): Gap | null {
  if (joins(channel.ranges, seq, next)) return null;
  const afterSeq = channel.ranges.find((r) => r.after < seq && seq <= r.to)?.to ?? seq;
  return { kind: "gap", key: `gap-${afterSeq}`, afterSeq, beforeSeq: next };
}

const messageItems = new WeakMap<Message, TimelineItem>();

function messageItem(message: Message): TimelineItem {
  const known = messageItems.get(message);
  const item: TimelineItem = known ?? { kind: "message", key: message.key, message };
  if (known === undefined) messageItems.set(message, item);
  return item;
}

const timelineOf = remember((channel: Channel, entries): readonly TimelineItem[] => {
  const items: TimelineItem[] = [];
  let before: Message | null = null;
  for (const message of channel.messages) {
    const gap = before && gapBetween(channel, before.seq, message.seq);
    if (gap !== null) items.push(gap);
    items.push(messageItem(message));
    before = message;
  }
  /* What was heard of ends above the last message: are there others up there? */
  const end = channel.ranges[channel.ranges.length - 1]?.to ?? 0;
  const tail = before !== null && before.seq < end ? gapBetween(channel, before.seq, end) : null;
  if (tail !== null) items.push(tail);
  items.push(...entries.map(outgoing));
  return items;
});

const threadOf = remember((thread: Thread, entries): readonly ThreadItem[] => [
  ...thread.replies.map((reply) => ({ kind: "reply", key: reply.key, reply }) as const),
  ...entries.map(outgoing),
]);

/** The messages of a channel in order, gaps where some are not loaded, then what is on its way. */
export function timeline(state: State, channelId: string): readonly TimelineItem[] {
  const channel = state.channels[channelId];
  if (channel === undefined) return NO_ITEMS;
  const isHere = (e: OutboxEntry): boolean => e.channelId === channelId && e.parentId === null;
  return timelineOf(channel, state.outbox.filter(isHere));
}

export function threadItems(state: State, messageId: number): readonly ThreadItem[] {
  const thread = state.threads[messageId];
  if (thread === undefined) return NO_ITEMS;
  return threadOf(thread, state.outbox.filter((e) => e.parentId === messageId));
}

let lists: { from: State["channels"]; channels: readonly Channel[] } | null = null;

/** The channels the user is in, by name. One that was only heard of has no name yet. */
export function channelList(state: State): readonly Channel[] {
  if (lists?.from === state.channels) return lists.channels;
  const channels = Object.values(state.channels)
    .filter((c) => c.joined && c.name !== "")
    .sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
  lists = { from: state.channels, channels };
  return channels;
}

/** Is every channel the user is in in the list? */
export function isListed(state: State): boolean {
  if (!state.connection.everOnline) return false;
  return Object.values(state.channels).every((c) => !c.joined || c.name !== "");
}

export function totalUnread(state: State): number {
  return channelList(state).reduce((sum, c) => sum + c.unread, 0);
}

const typists = new WeakMap<Channel["typing"], readonly string[]>();

export function typingNames(state: State, channelId: string): readonly string[] {
  const typing = state.channels[channelId]?.typing;
  if (typing === undefined || typing.length === 0) return NO_ITEMS;
  const names = typists.get(typing) ?? typing.map((t) => t.name);
  typists.set(typing, names);
  return names;
}

export function findMessage(state: State, channelId: string, messageId: number): Message | null {
  return state.channels[channelId]?.messages.find((m) => m.id === messageId) ?? null;
}

/** The first loaded message of others behind the read position. */
export function firstUnreadSeq(state: State, channelId: string): number | null {
  const channel = state.channels[channelId];
  const isUnread = (m: Message): boolean => {
    return m.seq > (channel?.readSeq ?? 0) && m.authorId !== state.me.id;
  };
  return channel?.messages.find(isUnread)?.seq ?? null;
}
