/* The server's frames: checked, and as events of the state. */
import { decodeChannel, decodeFault, decodePerson, decodePost } from "./decode.js";
import type { ChatEvent, HelloChannel } from "./events.js";
import {
  count,
  list,
  Malformed,
  object,
  optionalFlag,
  optionalText,
  parseObject,
  text,
  type Json,
} from "./json.js";
import type { HeadState, ServerFrame } from "./protocol.js";
import type { Person } from "./types.js";

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

function decodeFrame(raw: string, myId: string): ServerFrame | null {
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
      const channelId = text(data, "channel_id");
      return { action, channelId, seq: count(data, "seq"), user: author(data), channel };
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

/** Null: an action of a newer server, or what no server of ours would say. */
export function readFrame(raw: string, myId: string): ServerFrame | null {
  try {
    return decodeFrame(raw, myId);
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/** Null: it does not change the state by itself. */
export function eventOf(frame: ServerFrame, now: number): ChatEvent | null {
  switch (frame.action) {
    case "Hello":
      return { type: "hello", channels: frame.channels };
    case "Resumed":
      return { type: "resumed", channels: frame.channels };
    case "Ack":
    case "Post":
      return { type: "post", post: frame.post };
    case "Joined": {
      const { channelId, seq, user, channel } = frame;
      return { type: "joined", channelId, seq, user, channel };
    }
    case "Left":
      return { type: "left", channelId: frame.channelId, user: frame.user };
    case "ChannelCreated":
      return { type: "created", channel: frame.channel };
    case "Read":
      return { type: "read", channelId: frame.channelId, seq: frame.seq };
    case "Presence": {
      const { channelId, online, offline } = frame;
      return { type: "presence", channelId, online, offline };
    }
    case "Typing":
      return { type: "typing", channelId: frame.channelId, user: frame.user, now };
    default:
      return null;
  }
}
