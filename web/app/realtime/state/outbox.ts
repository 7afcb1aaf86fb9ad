/* The outbox as it is shown: what was composed here or in another tab and is not a post yet. */
import type { OutboxEntry, Post, State } from "../types.js";

export function putEntry(state: State, entry: OutboxEntry): State {
  const at = state.outbox.findIndex((e) => e.clientMsgId === entry.clientMsgId);
  if (at >= 0) return { ...state, outbox: state.outbox.with(at, entry) };
  if (isPosted(state, entry)) return state;
  const outbox = [...state.outbox, entry].sort(byCompose);
  return { ...state, outbox };
}

/* Ids are UUIDv7 and grow within a tab; the time decides between tabs. */
export function byCompose(a: OutboxEntry, b: OutboxEntry): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return a.clientMsgId < b.clientMsgId ? -1 : a.clientMsgId > b.clientMsgId ? 1 : 0;
}

export function removeEntry(state: State, clientMsgId: string): State {
  const outbox = state.outbox.filter((e) => e.clientMsgId !== clientMsgId);
  return outbox.length === state.outbox.length ? state : { ...state, outbox };
}

/** It was stored late, when its post is here already. */
function isPosted(state: State, entry: OutboxEntry): boolean {
  const is = (p: Post): boolean => p.clientMsgId === entry.clientMsgId;
  if (entry.parentId !== null) return state.threads[entry.parentId]?.replies.some(is) ?? false;
  return state.channels[entry.channelId]?.messages.some(is) ?? false;
}

/** Posts of one's own end their entries. Another user may have used the same id: decodePost has
 * taken it away from posts that are not ours. */
export function settle(state: State, posts: readonly Post[]): State {
  if (state.outbox.length === 0) return state;
  const sent = new Set<string>();
  for (const p of posts) {
    if (p.clientMsgId !== null) sent.add(`${p.channelId} ${p.clientMsgId}`);
  }
  const outbox = state.outbox.filter((e) => !sent.has(`${e.channelId} ${e.clientMsgId}`));
  return outbox.length === state.outbox.length ? state : { ...state, outbox };
}
