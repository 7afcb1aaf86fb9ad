/* What the pages see: one immutable State. Objects that did not change are the same objects. */

export interface State {
  readonly me: Person;
  readonly connection: Connection;
  /** Those the user is in (`joined`) and those heard of, by id. */
  readonly channels: Readonly<Record<string, Channel>>;
  /** Opened threads, by the id of the message that is answered. */
  readonly threads: Readonly<Record<string, Thread>>;
  /** Pending and failed, oldest first. What was sent is a message. */
  readonly outbox: readonly OutboxEntry[];
}

export interface Person {
  readonly id: string;
  readonly name: string;
}

export type ConnectionStatus = "idle" | "connecting" | "online" | "waiting" | "stopped";

export interface Connection {
  readonly status: ConnectionStatus;
  /** When the next try begins (milliseconds since 1970), while `waiting`. */
  readonly retryAt: number | null;
  /** Tries since it was last online. */
  readonly attempt: number;
  readonly everOnline: boolean;
  /** Why it is `stopped`: `signed_out` wants a new log-in. */
  readonly stopReason: "signed_out" | "closed" | null;
}

export const IDLE: Connection = {
  status: "idle",
  retryAt: null,
  attempt: 0,
  everOnline: false,
  stopReason: null,
};

/** The positions after < seq <= to. */
export interface Range {
  readonly after: number;
  readonly to: number;
}

export interface ChannelInfo {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly createdAt: string;
}

export interface Member extends Person {
  readonly online: boolean;
}

export interface Typist extends Person {
  readonly until: number;
}

export interface Channel extends ChannelInfo {
  readonly joined: boolean;
  /** How many views have it open. */
  readonly opened: number;
  readonly headSeq: number;
  readonly readSeq: number;
  /** Others' messages and replies after `readSeq`, counted to 100. */
  readonly unread: number;
  /** By seq, each once; replies are not among them. */
  readonly messages: readonly Message[];
  /** Replies heard before the message they answer, by its id: counted when it comes. */
  readonly earlyReplies: Readonly<Record<string, number>>;
  /** Where every message is in `messages`; more than one: there are gaps between. */
  readonly ranges: readonly Range[];
  /** The stream of messages and replies as it was heard; more than one: a hole to be filled. */
  readonly heard: readonly Range[];
  /** The server would not replay the hole: it has to be paged. */
  readonly refused: boolean;
  readonly hasOlder: boolean;
  /** Whether the reader is at the newest part or went up; decides what is dropped when full. */
  readonly mode: "latest" | "history";
  readonly loading: { readonly older: boolean; readonly latest: boolean; readonly gap: boolean };
  readonly loadError: string | null;
  readonly members: readonly Member[] | null;
  readonly typing: readonly Typist[];
  /** What `unread` is counted from. */
  readonly unreadBasis: UnreadBasis;
}

export interface UnreadBasis {
  /** The server's count, right at position `seq`. */
  readonly count: number;
  readonly seq: number;
  /** Others' posts heard after `readSeq`. */
  readonly others: readonly number[];
  /** The read position moved into what the server had counted: ask again. */
  readonly stale: boolean;
}

interface PostBase {
  /** Stable from pending to sent. */
  readonly key: string;
  readonly id: number;
  readonly channelId: string;
  readonly seq: number;
  readonly prevSeq: number;
  readonly authorId: string;
  readonly authorName: string;
  readonly text: string;
  readonly createdAt: string;
  readonly clientMsgId: string | null;
}

export interface Message extends PostBase {
  readonly kind: "message";
  readonly replyCount: number;
}

export interface Reply extends PostBase {
  readonly kind: "reply";
  readonly parentId: number;
}

export type Post = Message | Reply;

export interface Thread {
  readonly messageId: number;
  readonly channelId: string;
  readonly opened: number;
  readonly replies: readonly Reply[];
  readonly hasOlder: boolean;
  readonly loading: boolean;
  readonly loadError: string | null;
  /** Something of it may have been missed: load it again. */
  readonly stale: boolean;
}

export interface OutboxEntry {
  /** UUIDv7, made when the message was composed; the retry's identity. */
  readonly clientMsgId: string;
  readonly channelId: string;
  readonly parentId: number | null;
  readonly text: string;
  readonly createdAt: number;
  readonly status: "pending" | "failed";
  readonly attempts: number;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export type { ThreadItem, TimelineItem } from "./items.js";
