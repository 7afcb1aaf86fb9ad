/* What outlives a reload: the outbox, and the newest messages of each channel.
 *
 * One store a user. Writes of one store take effect in the order they were asked for. */
import type { ChannelInfo, Message, OutboxEntry, Range } from "./types.js";

/** What is kept of a channel on disk, to be shown before the network answers. */
export interface CachedChannel extends ChannelInfo {
  readonly headSeq: number;
  readonly readSeq: number;
  readonly unread: number;
  /** Where the stream is to be resumed; null: it is not, live events go on at the head. */
  readonly heardSeq: number | null;
  /** When a reader last had it open. */
  readonly openedAt: number;
  readonly range: Range;
  readonly messages: readonly Message[];
}

export interface Store {
  entries(): Promise<readonly OutboxEntry[]>;
  /** Resolves when it is on disk. */
  putEntry(entry: OutboxEntry): Promise<void>;
  deleteEntry(clientMsgId: string): Promise<void>;
  channels(): Promise<readonly CachedChannel[]>;
  putChannel(channel: CachedChannel): Promise<void>;
  deleteChannel(id: string): Promise<void>;
  /** Nothing of this user is left. */
  erase(): Promise<void>;
  close(): void;
}

/** Lives as long as its object: for Node, for tests, and where IndexedDB is not to be had. */
export function memoryStore(): Store {
  const entries = new Map<string, OutboxEntry>();
  const channels = new Map<string, CachedChannel>();
  return {
    entries: async () => [...entries.values()],
    putEntry: async (entry) => void entries.set(entry.clientMsgId, entry),
    deleteEntry: async (id) => void entries.delete(id),
    channels: async () => [...channels.values()],
    putChannel: async (channel) => void channels.set(channel.id, channel),
    deleteChannel: async (id) => void channels.delete(id),
    erase: async () => {
      entries.clear();
      channels.clear();
    },
    close: () => undefined,
  };
}

/** A store that is opened when it is first used. */
export function lateStore(open: () => Promise<Store>): Store {
  let opened: Promise<Store> | null = null;
  const store = (): Promise<Store> => (opened ??= open());
  return {
    entries: async () => (await store()).entries(),
    putEntry: async (entry) => (await store()).putEntry(entry),
    deleteEntry: async (id) => (await store()).deleteEntry(id),
    channels: async () => (await store()).channels(),
    putChannel: async (channel) => (await store()).putChannel(channel),
    deleteChannel: async (id) => (await store()).deleteChannel(id),
    erase: async () => (await store()).erase(),
    close: () => void opened?.then((s) => s.close()),
  };
}
