/* The outbox on disk: what has to be kept, and what must not come back. */
import { SETTLED_MAX } from "./limits.js";
import type { Store } from "./store.js";
import type { OutboxEntry } from "./types.js";

export class Shelf {
  private readonly unsaved = new Set<string>();
  /** Posted or discarded of late: what other tabs or the disk say of them is old. */
  private readonly settled = new Set<string>();

  constructor(private readonly store: Store) {}

  isUnsaved(clientMsgId: string): boolean {
    return this.unsaved.has(clientMsgId);
  }

  isSettled(clientMsgId: string): boolean {
    return this.settled.has(clientMsgId);
  }

  async entries(): Promise<readonly OutboxEntry[]> {
    return this.store.entries().catch(() => []);
  }

  /** Resolves when it is on disk, or cannot be: a full disk must not keep it from being sent. */
  async keep(entry: OutboxEntry): Promise<void> {
    const { clientMsgId } = entry;
    this.unsaved.add(clientMsgId);
    await this.store.putEntry(entry).catch(() => undefined);
    this.unsaved.delete(clientMsgId);
    if (this.settled.has(clientMsgId)) this.drop(clientMsgId);
  }

  /** Its post is here, or it was discarded. */
  settle(clientMsgId: string): void {
    this.settled.add(clientMsgId);
    for (const oldest of this.settled) {
      if (this.settled.size <= SETTLED_MAX) return;
      this.settled.delete(oldest);
    }
  }

  drop(clientMsgId: string): void {
    void this.store.deleteEntry(clientMsgId).catch(() => undefined);
  }
}
