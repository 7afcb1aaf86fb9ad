/* Everything that can happen to the state. */
import type { CachedChannel } from "./store.js";
import type {
  ChannelInfo,
  Connection,
  Member,
  Message,
  OutboxEntry,
  Person,
  Post,
  Reply,
} from "./types.js";

/** A channel as `GET /api/user/channel` tells it. */
export interface ListedChannel extends ChannelInfo {
  readonly headSeq: number;
  readonly readSeq: number;
  readonly unread: number;
}

export interface HelloChannel {
  readonly id: string;
  readonly headSeq: number;
  readonly readSeq: number;
  /** Only of channels whose position was told. */
  readonly recovered: boolean | null;
}

export type LoadKind = "older" | "latest" | "gap";

export type ChatEvent =
  | { type: "connection"; connection: Connection }
  | { type: "stored"; channels: readonly CachedChannel[] }
  | { type: "listed"; channels: readonly ListedChannel[] }
  /* The server's frames. */
  | { type: "hello"; channels: readonly HelloChannel[] }
  | { type: "resumed"; channels: Readonly<Record<string, { recovered: boolean; headSeq: number }>> }
  | { type: "post"; post: Post }
  | {
      type: "joined";
      channelId: string;
      seq: number;
      user: Person;
      channel: ChannelInfo | null;
    }
  | { type: "left"; channelId: string; user: Person }
  | { type: "created"; channel: ChannelInfo }
  | { type: "read"; channelId: string; seq: number }
  | { type: "presence"; channelId: string; online: readonly Person[]; offline: readonly Person[] }
  | { type: "typing"; channelId: string; user: Person; now: number }
  | { type: "tick"; now: number }
  /* Pages. */
  | { type: "loading"; channelId: string; kind: LoadKind }
  | { type: "loaded"; channelId: string; kind: LoadKind }
  | { type: "load_failed"; channelId: string; kind: LoadKind; message: string }
  | {
      /** Messages newest first, without the replies between. */
      type: "page";
      channelId: string;
      kind: LoadKind;
      messages: readonly Message[];
      /** No message lies between the page's first and this position. */
      upTo: number;
      /** Nothing lies before the page's last. */
      reachesStart: boolean;
    }
  | {
      /** Messages and replies, oldest first, that follow `after`. */
      type: "after_page";
      channelId: string;
      after: number;
      posts: readonly Post[];
      /** When it was the last page: the channel's head as it was known when asking. */
      upTo: number | null;
      /** Part of the stream (catch-up) rather than of the history. */
      isStream: boolean;
    }
  | { type: "hole_abandoned"; channelId: string }
  | { type: "members"; channelId: string; members: readonly Member[] }
  /* What the reader looks at. */
  | { type: "channel_opened"; channelId: string }
  | { type: "channel_closed"; channelId: string }
  | { type: "latest_wanted"; channelId: string }
  | { type: "thread_opened"; channelId: string; messageId: number }
  | { type: "thread_closed"; messageId: number }
  | { type: "thread_loading"; messageId: number }
  | { type: "thread_failed"; messageId: number; message: string }
  | {
      type: "thread_page";
      messageId: number;
      replies: readonly Reply[];
      reachesStart: boolean;
      isNewest: boolean;
    }
  /* The outbox, of this tab or another one. */
  | { type: "entry"; entry: OutboxEntry }
  | { type: "entry_gone"; clientMsgId: string };
