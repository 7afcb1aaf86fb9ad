/* The log of one channel as the server's journal would write it, and its pages. */
import type { Message, Post, Reply } from "../types.js";
import type { Random } from "./random.js";

export const CHANNEL = "c-1";
export const ME = { id: "u-me", name: "me" };
export const OTHER = { id: "u-other", name: "other" };

/** Messages and replies at growing positions, some of them mine. */
export function makeLog(random: Random, length: number): readonly Post[] {
  const log: Post[] = [];
  let seq = 0;
  for (let i = 0; i < length; i += 1) {
    const prevSeq = seq;
    const author = random.chance(0.3) ? ME : OTHER;
    const parent = random.pick([...log, null].filter((p) => p?.kind !== "reply"));
    seq += random.between(1, 4) + (i === 0 ? random.below(3) : 0);
    const clientMsgId = author === ME ? `m-${seq}` : null;
    const base = {
      key: clientMsgId ?? String(1000 + seq),
      id: 1000 + seq,
      channelId: CHANNEL,
      seq,
      prevSeq: i === 0 ? 0 : prevSeq,
      authorId: author.id,
      authorName: author.name,
      text: `text ${seq}`,
      createdAt: "2026-11-24T10:00:00.000Z",
      clientMsgId,
    };
    if (parent !== null && random.chance(0.4)) {
      log.push({ ...base, kind: "reply", parentId: parent.id });
    } else log.push({ ...base, kind: "message", replyCount: 0 });
  }
  return log;
}

export function messagesOf(log: readonly Post[]): readonly Message[] {
  return log.filter((p) => p.kind === "message");
}

export function repliesTo(log: readonly Post[], id: number): readonly Reply[] {
  return log.filter((p): p is Reply => p.kind === "reply" && p.parentId === id);
}

export function headOf(log: readonly Post[]): number {
  return log[log.length - 1]?.seq ?? 0;
}

/** Newest first, from `from` on, with the counts a store would tell. */
export function pageOf(
  log: readonly Post[],
  from: number | null,
  limit: number,
): { messages: readonly Message[]; reachesStart: boolean } {
  const all = messagesOf(log).filter((m) => from === null || m.id <= from);
  const messages = all.slice(-limit).reverse();
  const counted = messages.map((m) => ({ ...m, replyCount: repliesTo(log, m.id).length }));
  return { messages: counted, reachesStart: all.length <= limit };
}

export function afterOf(
  log: readonly Post[],
  after: number,
  limit: number,
): { posts: readonly Post[]; isLast: boolean } {
  const all = log.filter((p) => p.seq > after);
  return { posts: all.slice(0, limit), isLast: all.length <= limit };
}
