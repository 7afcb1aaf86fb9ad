/* Sending that can be trusted.
 *
 * A composed message is shown (the state), then put on disk, then sent by the one tab that leads,
 * then taken from disk once its post is there. Its `client_msg_id` is made once and kept, so a
 * retry after a cut, a reload or a crash is the same message to the server.
 *
 * Each channel has one message on its way at a time: order is kept even where the server refuses
 * one for a while (`rate_limited`, `unavailable`, `unknown`: tried again later, at most
 * SEND_ATTEMPTS_MAX times; cuts are not counted). What will never be taken is `failed`, and waits
 * for retry() or discard(); those behind it go on. */
import { delayOfSend } from "./backoff.js";
import { composeEntry, frameOf, OutboxFull, textError, type SendError } from "./compose.js";
import type { Core } from "./core.js";
import { Lanes } from "./lanes.js";
import { ACK_TIMEOUT_MS, OUTBOX_MAX, SEND_ATTEMPTS_MAX, SETTLED_MAX } from "./limits.js";
import type { Fault } from "./protocol.js";
import type { Store } from "./store.js";
import type { Tabs } from "./tabs.js";
import type { OutboxEntry, Post } from "./types.js";

const PASSING = new Set(["rate_limited", "unavailable", "unknown", "internal"]);

export class Outbox {
  private leads = false;
  private readonly lanes: Lanes;
  /** Not on disk yet. */
  private readonly unsaved = new Set<string>();
  /** Posted or discarded of late: what other tabs or the disk say of them is old. */
  private readonly settled = new Set<string>();

  constructor(
    private readonly core: Core,
    private readonly store: Store,
    private readonly tabs: Tabs,
    /** No answer came in time: the connection is not what it seems. */
    private readonly giveUp: () => void,
  ) {
    this.lanes = new Lanes(core.env);
  }

  compose(channelId: string, text: string, parentId: number | null): string {
    if (this.core.state().outbox.length >= OUTBOX_MAX) throw new OutboxFull();
    const entry = composeEntry(channelId, text, parentId, this.core.env.now());
    const error = textError(text);
    this.change(error === null ? entry : { ...entry, status: "failed", error });
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
    const stored = await this.store.entries().catch(() => []);
    for (const entry of stored) {
      if (this.find(entry.clientMsgId) === undefined) this.show(entry);
    }
  }

  /** Another tab says what it composed or changed. */
  accept(entry: OutboxEntry): void {
    this.show(entry);
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
    if (!PASSING.has(fault.code) || attempts >= SEND_ATTEMPTS_MAX) {
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
    if (post.clientMsgId !== null) this.settle(post.clientMsgId);
  }

  /** Entries that left the state have their post, or were discarded: nothing of them is kept. */
  look(before: readonly OutboxEntry[], after: readonly OutboxEntry[]): void {
    const here = new Set(after.map((e) => e.clientMsgId));
    const gone = before.filter((e) => !here.has(e.clientMsgId));
    for (const { clientMsgId, channelId } of gone) {
      this.settle(clientMsgId);
      this.lanes.leave(channelId, clientMsgId);
      void this.store.deleteEntry(clientMsgId).catch(() => undefined);
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
      if (this.unsaved.has(id)) this.lanes.occupy(lane, id, null, () => undefined);
      else if (!this.core.send(frameOf(entry))) return;
      else this.lanes.occupy(lane, id, ACK_TIMEOUT_MS, this.giveUp);
    }
  }

  private find(clientMsgId: string): OutboxEntry | undefined {
    return this.core.state().outbox.find((e) => e.clientMsgId === clientMsgId);
  }

  private show(entry: OutboxEntry): void {
    if (!this.settled.has(entry.clientMsgId)) this.core.dispatch({ type: "entry", entry });
  }

  private settle(clientMsgId: string): void {
    this.settled.add(clientMsgId);
    for (const oldest of this.settled) {
      if (this.settled.size <= SETTLED_MAX) return;
      this.settled.delete(oldest);
    }
  }

  /** Shows it, keeps it, tells the other tabs, sends it. */
  private change(entry: OutboxEntry): void {
    const { clientMsgId, channelId } = entry;
    this.unsaved.add(clientMsgId);
    this.lanes.leave(channelId, clientMsgId);
    this.core.dispatch({ type: "entry", entry });
    /* A full disk must not keep it from being sent. */
    const saved = this.store.putEntry(entry).catch(() => undefined);
    void saved.then(() => {
      this.unsaved.delete(clientMsgId);
      this.lanes.leave(channelId, clientMsgId);
      if (this.settled.has(clientMsgId)) {
        void this.store.deleteEntry(clientMsgId).catch(() => undefined);
      } else this.tabs.post({ type: "entry", entry });
      this.pump();
    });
  }
}
