/* Sending that can be trusted.
 *
 * A composed message is shown, put on disk, sent by the one tab that leads, and taken from disk
 * once its post is there. One message of a channel is on its way at a time, so order is kept even
 * where the server refuses one for a while. docs/internals/client.md tells why. */
import { delayOfSend, maySendAgain } from "./backoff.js";
import { composeEntry, frameOf, OutboxFull, textError, type SendError } from "./compose.js";
import type { Core } from "./core.js";
import { Lanes } from "./lanes.js";
import { ACK_TIMEOUT_MS, OUTBOX_MAX } from "./limits.js";
import type { Fault } from "./protocol.js";
import { Shelf } from "./shelf.js";
import type { Store } from "./store.js";
import type { TabMessage, Tabs } from "./tabs.js";
import type { OutboxEntry, Post } from "./types.js";

export class Outbox {
  private leads = false;
  private readonly lanes: Lanes;
  private readonly shelf: Shelf;

  constructor(
    private readonly core: Core,
    store: Store,
    private readonly tabs: Tabs,
    /** No answer came in time: the connection is not what it seems. */
    private readonly giveUp: () => void,
  ) {
    this.lanes = new Lanes(core.env);
    this.shelf = new Shelf(store);
  }

  compose(channelId: string, text: string, parentId: number | null): string {
    if (this.core.state().outbox.length >= OUTBOX_MAX) throw new OutboxFull();
    const entry = composeEntry(channelId, text, parentId, this.core.env.now());
    this.change(entry);
    return entry.clientMsgId;
  }

  retry(clientMsgId: string): void {
    const entry = this.find(clientMsgId);
    if (entry?.status !== "failed" || textError(entry.text) !== null) return;
    this.change({ ...entry, status: "pending", attempts: 0, error: null });
  }

  discard(clientMsgId: string): void {
    this.core.dispatch({ type: "entry_gone", clientMsgId });
    this.tabs.post({ type: "entry_gone", clientMsgId });
  }

  /** From now on this tab sends, beginning with what others have left. */
  async lead(): Promise<void> {
    this.leads = true;
    await this.load();
    this.pump();
  }

  /** Shows what is on disk. */
  async load(): Promise<void> {
    for (const entry of await this.shelf.entries()) {
      if (this.find(entry.clientMsgId) === undefined) this.show(entry);
    }
  }

  /** What another tab composed, changed, discarded or sent. */
  heardTab(message: TabMessage): void {
    if (message.type === "entry") this.show(message.entry);
    else if (message.type === "entry_gone") this.core.dispatch(message);
    else if (message.type === "sent") this.core.dispatch({ type: "post", post: message.post });
    this.pump();
  }

  /** The connection ended: what was on its way goes again, with the same id. */
  cut(): void {
    this.lanes.clear();
  }

  /** Another tab may lead. */
  rest(): void {
    this.leads = false;
    this.lanes.clear();
  }

  /** A frame too large ended the connection: whatever it was, not again by itself. */
  failInFlight(error: SendError): void {
    for (const id of this.lanes.ids()) {
      const entry = this.find(id);
      if (entry !== undefined) this.change({ ...entry, status: "failed", error });
    }
  }

  refused(ref: string | null, fault: Fault): void {
    const entry = ref === null ? undefined : this.find(ref);
    if (entry === undefined) return;
    const attempts = entry.attempts + 1;
    if (!maySendAgain(fault.code, attempts)) {
      const error = { code: fault.code, message: fault.message };
      this.change({ ...entry, attempts, status: "failed", error });
      return;
    }
    this.core.dispatch({ type: "entry", entry: { ...entry, attempts } });
    const delay = delayOfSend(attempts, fault.retryAfterMs, () => this.core.env.random());
    this.lanes.occupy(entry.channelId, entry.clientMsgId, delay, () => this.pump());
  }

  /** One's own post is here, whatever way it came and whether it was shown as pending or not. */
  posted(post: Post): void {
    if (post.clientMsgId !== null) this.shelf.settle(post.clientMsgId);
  }

  /** Entries that left the state have their post, or were discarded: nothing of them is kept. */
  look(before: readonly OutboxEntry[], after: readonly OutboxEntry[]): void {
    const here = new Set(after.map((e) => e.clientMsgId));
    const gone = before.filter((e) => !here.has(e.clientMsgId));
    for (const { clientMsgId, channelId } of gone) {
      this.shelf.settle(clientMsgId);
      this.shelf.drop(clientMsgId);
      this.lanes.leave(channelId, clientMsgId);
    }
    if (gone.length > 0) this.pump();
  }

  /** Sends what may be sent. Harmless when there is nothing. */
  pump(): void {
    if (!this.leads) return;
    for (const entry of this.core.state().outbox) {
      const { clientMsgId: id, channelId: lane, status } = entry;
      if (status !== "pending" || this.lanes.isBusy(lane)) continue;
      /* Not on disk yet: those behind it wait too. */
      if (this.shelf.isUnsaved(id)) this.lanes.occupy(lane, id, null, () => undefined);
      else if (!this.core.send(frameOf(entry))) return;
      else this.lanes.occupy(lane, id, ACK_TIMEOUT_MS, this.giveUp);
    }
  }

  private find(clientMsgId: string): OutboxEntry | undefined {
    return this.core.state().outbox.find((e) => e.clientMsgId === clientMsgId);
  }

  private show(entry: OutboxEntry): void {
    if (!this.shelf.isSettled(entry.clientMsgId)) this.core.dispatch({ type: "entry", entry });
  }

  /** Shows it, keeps it, tells the other tabs, sends it. */
  private change(entry: OutboxEntry): void {
    const { clientMsgId: id, channelId: lane } = entry;
    this.lanes.leave(lane, id);
    const saved = this.shelf.keep(entry);
    this.core.dispatch({ type: "entry", entry });
    void saved.then(() => {
      this.lanes.leave(lane, id);
      if (!this.shelf.isSettled(id)) this.tabs.post({ type: "entry", entry });
      this.pump();
    });
  }
}
