/* Tabs of one user in one browser: they tell each other what changed in the outbox, and agree on
 * the one that sends.
 *
 * Web Locks elect the sender: a tab holds the lock until it is closed or crashes, then the next in
 * the queue gets it. Where there are none every tab leads; a message may then be sent twice, which
 * the server recognises by its client_msg_id. */
import type { OutboxEntry, Post } from "./types.js";

export type TabMessage =
  | { type: "entry"; entry: OutboxEntry }
  | { type: "entry_gone"; clientMsgId: string }
  | { type: "sent"; post: Post }
  | { type: "forgotten" };

export interface Tabs {
  /** To all others, not to this one. */
  post(message: TabMessage): void;
  /** Calls `onMessage` for what others post, and `onLead` when this tab is the one that sends. */
  open(onMessage: (message: TabMessage) => void, onLead: () => void): void;
  /** Another tab leads from now on. */
  close(): void;
}

/** The only tab there is. */
export function noTabs(): Tabs {
  return {
    post: () => undefined,
    open: (_onMessage, onLead) => onLead(),
    close: () => undefined,
  };
}

function lead(name: string, signal: AbortSignal, onLead: () => void): void {
  if (!("locks" in navigator)) {
    onLead();
    return;
  }
  const untilClosed = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve());
  });
  navigator.locks
    .request(name, { signal }, () => {
      onLead();
      return untilClosed;
    })
    .catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
}

export function browserTabs(userId: string): Tabs {
  const name = `parley-${userId}`;
  let channel: BroadcastChannel | null = null;
  let closing = new AbortController();
  return {
    post: (message) => channel?.postMessage(message),
    open: (onMessage, onLead) => {
      closing = new AbortController();
      channel = new BroadcastChannel(name);
      /* Only these pages, of this origin, speak on it. */
      channel.onmessage = (event: MessageEvent<TabMessage>) => onMessage(event.data);
      lead(name, closing.signal, onLead);
    },
    close: () => {
      closing.abort();
      channel?.close();
      channel = null;
    },
  };
}
