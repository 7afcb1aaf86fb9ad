/* A message as it is composed, and as it is said. */
import { uuidv7 } from "./ids.js";
import { MESSAGE_BYTES_MAX, OUTBOX_MAX } from "./limits.js";
import type { ClientFrame } from "./protocol.js";
import type { OutboxEntry } from "./types.js";

/** Too much waits to be sent; the text is not taken. */
export class OutboxFull extends Error {
  constructor() {
    super(`More than ${OUTBOX_MAX} messages wait to be sent`);
  }
}

export type SendError = NonNullable<OutboxEntry["error"]>;

export function composeEntry(
  channelId: string,
  text: string,
  parentId: number | null,
  now: number,
): OutboxEntry {
  const error = textError(text);
  return {
    clientMsgId: uuidv7(now),
    channelId,
    parentId,
    text,
    createdAt: now,
    status: error === null ? "pending" : "failed",
    attempts: 0,
    error,
  };
}

/** Why the server would not take this text; null: it may. */
export function textError(text: string): SendError | null {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes === 0) return { code: "bad_request", message: "There is no text" };
  if (bytes <= MESSAGE_BYTES_MAX) return null;
  return { code: "too_large", message: `A message may have at most ${MESSAGE_BYTES_MAX} bytes` };
}

export function frameOf(entry: OutboxEntry): ClientFrame {
  const { clientMsgId: ref, channelId: channel_id, text: content, parentId } = entry;
  const data = { channel_id, content, client_msg_id: ref };
  if (parentId === null) return { action: "CreateMessage", ref, data };
  return { action: "CreateReply", ref, data: { ...data, message_id: parentId } };
}
