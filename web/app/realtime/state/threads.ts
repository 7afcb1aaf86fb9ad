/* Threads that were opened: the replies to one message, in order, each once. */
import { CLOSED_THREADS_MAX, THREAD_REPLIES_MAX } from "../limits.js";
import type { ChatEvent } from "../events.js";
import type { Channel, Message, Reply, State, Thread } from "../types.js";
import { changeChannel } from "./channel.js";

type ThreadPage = Extract<ChatEvent, { type: "thread_page" }>;

function change(state: State, id: number, how: (thread: Thread) => Thread): State {
  const before = state.threads[id];
  if (before === undefined) return state;
  const after = how(before);
  return after === before ? state : { ...state, threads: { ...state.threads, [id]: after } };
}

function unite(before: readonly Reply[], added: readonly Reply[]): readonly Reply[] {
  const known = new Set(before.map((r) => r.id));
  const fresh = added.filter((r) => !known.has(r.id));
  return fresh.length === 0 ? before : [...before, ...fresh].sort((a, b) => a.seq - b.seq);
}

/** The oldest are dropped; they can be paged again. */
function withReplies(thread: Thread, replies: readonly Reply[]): Thread {
  if (replies === thread.replies) return thread;
  if (replies.length <= THREAD_REPLIES_MAX) return { ...thread, replies };
  return { ...thread, replies: replies.slice(-THREAD_REPLIES_MAX), hasOlder: true };
}

export function addReply(state: State, reply: Reply): State {
  return change(state, reply.parentId, (t) => {
    const oldest = t.replies[0];
    /* Below what was loaded it comes with its page. */
    if (t.hasOlder && !t.loading && oldest !== undefined && reply.seq < oldest.seq) return t;
    return withReplies(t, unite(t.replies, [reply]));
  });
}

/** All replies are here, so their number is known. */
function settleCount(state: State, id: number): State {
  const thread = state.threads[id];
  const channel = thread && state.channels[thread.channelId];
  const at = channel?.messages.findLastIndex((m) => m.id === id) ?? -1;
  const message = channel?.messages[at];
  if (thread === undefined || channel === undefined || message === undefined) return state;
  const replyCount = thread.replies.length;
  if (thread.hasOlder || message.replyCount === replyCount) return state;
  const corrected: Message = { ...message, replyCount };
  return changeChannel(state, channel.id, (c): Channel => {
    return { ...c, messages: c.messages.with(at, corrected) };
  });
}

/** A newest page puts a doubtful thread right: what is older than it has to be paged again. */
function applyToThread(t: Thread, page: ThreadPage): Thread {
  const oldest = page.replies.reduce((seq, r) => Math.min(seq, r.seq), Infinity);
  const isRenewed = page.isNewest && t.stale;
  const kept = isRenewed ? t.replies.filter((r) => r.seq > oldest) : t.replies;
  const isOlderKnown = page.isNewest && !isRenewed && t.replies.length > 0;
  const hasOlder = !page.reachesStart && (isOlderKnown ? t.hasOlder : true);
  const stale = t.stale && !page.isNewest;
  return withReplies(
    { ...t, hasOlder, loading: false, loadError: null, stale },
    unite(kept, page.replies),
  );
}

export function applyThreadPage(state: State, page: ThreadPage): State {
  const paged = change(state, page.messageId, (t) => applyToThread(t, page));
  return settleCount(paged, page.messageId);
}

export function openThread(state: State, channelId: string, messageId: number): State {
  const before = state.threads[messageId];
  const thread: Thread = before ?? {
    messageId,
    channelId,
    opened: 0,
    replies: [],
    hasOlder: true,
    loading: false,
    loadError: null,
    stale: false,
  };
  const opened: Thread = { ...thread, opened: thread.opened + 1 };
  return { ...state, threads: { ...state.threads, [messageId]: opened } };
}

export function closeThread(state: State, messageId: number): State {
  const closed = change(state, messageId, (t) => ({ ...t, opened: Math.max(0, t.opened - 1) }));
  const idle = Object.values(closed.threads).filter((t) => t.opened === 0 && t.messageId !== messageId);
  const excess = idle.slice(0, Math.max(0, idle.length + 1 - CLOSED_THREADS_MAX));
  if (excess.length === 0) return closed;
  const threads = { ...closed.threads };
  for (const t of excess) delete threads[t.messageId];
  return { ...closed, threads };
}

export function setThreadLoading(state: State, id: number, error: string | null): State {
  return change(state, id, (t) => ({ ...t, loading: error === null, loadError: error }));
}

/** Replies of the channel may have been missed. */
export function doubtThreads(state: State, channelId: string): State {
  const isDoubtful = (t: Thread): boolean => t.channelId === channelId && !t.stale;
  if (!Object.values(state.threads).some(isDoubtful)) return state;
  const threads = Object.entries(state.threads).map(([id, t]): [string, Thread] => {
    return [id, isDoubtful(t) ? { ...t, stale: true } : t];
  });
  return { ...state, threads: Object.fromEntries(threads) };
}

export function dropThreads(state: State, channelId: string): State {
  const threads = Object.entries(state.threads).filter(([, t]) => t.channelId !== channelId);
  return { ...state, threads: Object.fromEntries(threads) };
}
