/* What goes over the wire, after it was checked (server) or before it is written (client). */
import type { HelloChannel } from "./events.js";
import type { ChannelInfo, Person, Post } from "./types.js";

export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

export interface HeadState {
  readonly recovered: boolean;
  readonly headSeq: number;
}

export type ServerFrame =
  | {
      action: "Hello";
      userId: string;
      sessionId: string;
      heartbeatS: number;
      channels: readonly HelloChannel[];
    }
  | { action: "Ack"; ref: string | null; post: Post; isDuplicate: boolean }
  | { action: "Post"; post: Post; isReplay: boolean }
  | {
      action: "Joined" | "Left";
      channelId: string;
      seq: number;
      user: Person;
      channel: ChannelInfo | null;
    }
  | { action: "ChannelCreated"; channel: ChannelInfo }
  | { action: "Read"; channelId: string; seq: number }
  | {
      action: "Presence";
      channelId: string;
      online: readonly Person[];
      offline: readonly Person[];
    }
  | { action: "Typing"; channelId: string; user: Person }
  | {
      action: "Resumed";
      ref: string | null;
      channels: Readonly<Record<string, HeadState>>;
    }
  | { action: "Pong" }
  | { action: "Fail"; ref: string | null; fault: Fault };

export type Positions = Readonly<Record<string, number>>;

export type ClientFrame =
  | {
      action: "CreateMessage";
      ref: string;
      data: { channel_id: string; content: string; client_msg_id: string };
    }
  | {
      action: "CreateReply";
      ref: string;
      data: { channel_id: string; message_id: number; content: string; client_msg_id: string };
    }
  | {
      action: "Hello";
      ref: string;
      data: { protocol: 1; resume: Positions; watch: readonly string[] };
    }
  | { action: "Resume"; ref: string; data: { channels: Positions } }
  | { action: "Watch"; data: { channels: readonly string[] } }
  | { action: "Typing"; data: { channel_id: string } }
  | { action: "Read"; data: { channel_id: string; seq: number } }
  | { action: "Ping" };

export const CLOSE = {
  goingAway: 1001,
  tooBig: 1009,
  outcomeUnknown: 1011,
  restart: 1012,
  signedOut: 4001,
  tooSlow: 4008,
  tooFast: 4029,
} as const;
