/* Pages of history. */
import { addRange } from "../ranges.js";
import type { ChatEvent, LoadKind } from "../events.js";
import type { Channel, Message } from "../types.js";
import { addPost, addSpan } from "./posts.js";
import { hear, withHeard } from "./stream.js";

type Page = Extract<ChatEvent, { type: "page" }>;
type AfterPage = Extract<ChatEvent, { type: "after_page" }>;

export function setLoading(channel: Channel, kind: LoadKind, on: boolean): Channel {
  if (channel.loading[kind] === on) return channel;
  return { ...channel, loading: { ...channel.loading, [kind]: on } };
}

function loaded(channel: Channel, kind: LoadKind): Channel {
  return { ...setLoading(channel, kind, false), loadError: null };
}

export function failLoading(channel: Channel, kind: LoadKind, message: string): Channel {
  return { ...setLoading(channel, kind, false), loadError: message };
}

/** A page of messages, newest first. */
export function applyPage(channel: Channel, page: Page): Channel {
  const done = loaded(channel, page.kind);
  const moded: Channel = page.kind === "older" ? { ...done, mode: "history" } : done;
  const oldest = page.messages[page.messages.length - 1];
  const newest = page.messages[0];
  if (page.kind !== "latest" && newest === undefined) return done;
  const upTo = Math.max(page.upTo, newest?.seq ?? 0);
  const after = page.reachesStart ? 0 : (oldest?.prevSeq ?? upTo);
  return addSpan(moded, page.messages, after, upTo);
}

/** A page of posts, oldest first, that follow position `after`. */
export function applyAfterPage(channel: Channel, page: AfterPage, myId: string): Channel {
  const last = page.posts[page.posts.length - 1];
  const to = Math.max(page.after, last?.seq ?? 0, page.upTo ?? 0);
  let next = loaded(channel, "gap");
  /* Whoever reads on downwards leaves the oldest behind, not what is just ahead. */
  if (!page.isStream) next = { ...next, mode: "latest" };
  for (const post of page.posts) {
    next = page.isStream ? hear(next, post, myId) : addPost(next, post);
  }
  if (page.isStream) next = withHeard(next, addRange(next.heard, page.after, to));
  const messages = page.posts.filter((p): p is Message => p.kind === "message");
  return addSpan(next, messages, page.after, to);
}
