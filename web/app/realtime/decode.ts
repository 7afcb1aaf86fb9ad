/* The things in the server's JSON become our types. */
import type { ListedChannel } from "./events.js";
import {
  count,
  list,
  Malformed,
  object,
  optionalCount,
  optionalFlag,
  optionalText,
  text,
  type Json,
} from "./json.js";
import type { Fault } from "./protocol.js";
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
