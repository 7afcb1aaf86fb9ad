/* The server's frames as events of the state. */
import type { ChatEvent } from "./events.js";
import type { ServerFrame } from "./protocol.js";

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
      const { channelId, user, channel } = frame;
      return { type: "joined", channelId, user, channel };
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
