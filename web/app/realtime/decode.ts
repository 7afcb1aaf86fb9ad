/* The server's JSON becomes our types here, and nowhere else. */
import type { HelloChannel, ListedChannel } from "./events.js";
import { count, list, Malformed, object, optionalCount, optionalFlag, optionalText } from "./json.js";
import { parseObject, text, type Json } from "./json.js";
import type { Fault, HeadState, ServerFrame } from "./protocol.js";
import type { ChannelInfo, Member, Message, Person, Post, Reply } from "./types.js";

/** `client_msg_id` is the sender's own: only of `myId`'s posts is it an identity here. */
export function decodePost(value: unknown, myId: string): Post {
  const data = object(value);
  const authorId = text(data, "user_id");
  const replyId = optionalCount(data, "reply_id");
  const messageId = count(data, "message_id");
  const id = replyId ?? messageId;
  const clientMsgId = authorId === myId ? optionalText(data, "client_msg_id") : null;
  const post = {
    key: clientMsgId ?? String(id),
    id,
    channelId: text(data, "channel_id"),
    seq: count(data, "seq"),
    prevSeq: count(data, "prev_seq"),
    authorId,
    authorName: text(data, "username"),
    text: text(data, "content"),
    createdAt: text(data, "created_at"),
    clientMsgId,
  };
  if (post.prevSeq >= post.seq) throw new Malformed("prev_seq does not lie before seq");
  if (replyId !== null) return { ...post, kind: "reply", parentId: messageId };
  return { ...post, kind: "message", replyCount: optionalCount(data, "reply_count") ?? 0 };
}

export function decodeMessages(value: unknown, myId: string): readonly Message[] {
  return list(value)
    .map((m) => decodePost(m, myId))
    .filter((p) => p.kind === "message");
}

export function decodeReplies(value: unknown, myId: string): readonly Reply[] {
  return list(value)
    .map((m) => decodePost(m, myId))
    .filter((p) => p.kind === "reply");
}

export function decodeChannel(value: unknown): ChannelInfo {
  const data = object(value);
  return {
    id: text(data, "id"),
    name: text(data, "name"),
    ownerId: text(data, "user_id"),
    createdAt: text(data, "created_at"),
  };
}

export function decodeListed(value: unknown): ListedChannel {
  const data = object(value);
  return {
    ...decodeChannel(data),
    headSeq: count(data, "head_seq"),
    readSeq: count(data, "read_seq"),
    unread: count(data, "unread"),
  };
}

export function decodePerson(value: unknown): Person {
  const data = object(value);
  return { id: text(data, "id"), name: text(data, "name") };
}

export function decodeMember(value: unknown): Member {
  return { ...decodePerson(value), online: optionalFlag(object(value), "online") ?? false };
}

export function decodeFault(from: Json): Fault {
  return {
    code: optionalText(from, "code") ?? "internal",
    message: optionalText(from, "message") ?? "",
    retryAfterMs: optionalCount(from, "retry_after_ms"),
  };
}

function decodeHelloChannel(value: unknown): HelloChannel {
  const data = object(value);
  return {
    id: text(data, "id"),
    headSeq: count(data, "head_seq"),
    readSeq: count(data, "read_seq"),
    recovered: optionalFlag(data, "recovered"),
  };
}

function decodeHeads(value: unknown): Record<string, HeadState> {
  return Object.fromEntries(
    Object.entries(object(value)).map(([id, head]): [string, HeadState] => {
      const data = object(head);
      const recovered = optionalFlag(data, "recovered") ?? false;
      return [id, { recovered, headSeq: count(data, "head_seq") }];
    }),
  );
}

function author(data: Json): Person {
  return { id: text(data, "user_id"), name: text(data, "username") };
}

/** Null: an action of a newer server, which we need not know. */
export function decodeFrame(raw: string, myId: string): ServerFrame | null {
  const frame = parseObject(raw);
  const action = text(frame, "action");
  const ref = optionalText(frame, "ref");
  const data = object(frame["data"]);
  switch (action) {
    case "Hello":
      return {
        action,
        userId: text(data, "user_id"),
        sessionId: text(data, "session_id"),
        heartbeatS: count(data, "heartbeat_s"),
        channels: list(data["channels"]).map(decodeHelloChannel),
      };
    case "Ack": {
      const isDuplicate = optionalFlag(frame, "duplicate") ?? false;
      return { action, ref, post: decodePost(data, myId), isDuplicate };
    }
    case "Message":
    case "Reply": {
      const isReplay = optionalFlag(frame, "replay") ?? false;
      return { action: "Post", post: decodePost(data, myId), isReplay };
    }
    case "Joined":
    case "Left": {
      const channel = data["channel"] === undefined ? null : decodeChannel(data["channel"]);
      return { action, channelId: text(data, "channel_id"), user: author(data), channel };
    }
    case "ChannelCreated":
      return { action, channel: decodeChannel(data) };
    case "Read":
      return { action, channelId: text(data, "channel_id"), seq: count(data, "read_seq") };
    case "Presence":
      return {
        action,
        channelId: text(data, "channel_id"),
        online: list(data["online"]).map(decodePerson),
        offline: list(data["offline"]).map(decodePerson),
      };
    case "Typing":
      return { action, channelId: text(data, "channel_id"), user: author(data) };
    case "Resumed":
      return { action, ref, channels: decodeHeads(data["channels"]) };
    case "Pong":
      return { action };
    case "Fail":
      return { action, ref, fault: decodeFault(frame) };
    default:
      return null;
  }
}
