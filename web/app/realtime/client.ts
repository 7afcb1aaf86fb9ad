/* One user's chat, as pages and bots use it. README.md says what each call does. */
import { once } from "./core.js";
import { Engine } from "./engine.js";
import type { PostListener } from "./hub.js";
import type { ClientOptions } from "./options.js";
import type { State } from "./types.js";

export class Client {
  private readonly engine: Engine;
  /** Ends what start() began; null: not started. */
  private ending: (() => void) | null = null;

  constructor(private readonly options: ClientOptions) {
    this.engine = new Engine(options);
  }

  start(): void {
    if (this.ending !== null) return;
    const { socket, outbox, cache, catchup, presence } = this.engine;
    const { tabs } = this.options;
    const endNetwork = this.options.env.onNetwork((isUp) => socket.networkChanged(isUp));
    let isRunning = true;
    this.ending = () => {
      isRunning = false;
      endNetwork();
      tabs.close();
      outbox.rest();
      catchup.cut();
      presence.cancel();
      cache.flush();
    };
    tabs.open(
      (message) => (message.type === "forgotten" ? this.signedOut() : outbox.heardTab(message)),
      () => void outbox.lead(),
    );
    void Promise.all([cache.load(), outbox.load()]).then(() => {
      this.engine.hub.publish();
      if (!isRunning) return;
      socket.start();
      /* Nothing to show yet: asked for beside the connection, not after it. */
      if (Object.keys(this.engine.hub.current.channels).length === 0) void this.engine.refreshList();
    });
  }

  stop(): void {
    this.end("closed");
  }

  async forget(): Promise<void> {
    this.options.tabs.post({ type: "forgotten" });
    this.signedOut();
    await this.options.store.erase();
  }

  readonly subscribe = (listener: () => void): (() => void) => this.engine.hub.subscribe(listener);
  readonly getSnapshot = (): State => this.engine.hub.getSnapshot();
  readonly onPost = (listener: PostListener): (() => void) => this.engine.hub.onPost(listener);

  retryNow(): void {
    this.engine.socket.retryNow();
    this.engine.hub.publish();
  }

  /** Writes at once what would be written in a moment: the page is about to be hidden. */
  save(): void {
    this.engine.cache.flush();
  }

  openChannel(channelId: string): () => void {
    const { hub, pager } = this.engine;
    hub.dispatch({ type: "channel_opened", channelId });
    if (hub.current.channels[channelId]?.joined) void pager.loadMembers(channelId);
    pager.fill(channelId);
    hub.publish();
    return once(() => hub.dispatch({ type: "channel_closed", channelId }));
  }

  loadOlder(channelId: string): Promise<void> {
    return this.engine.pager.older(channelId);
  }

  loadAround(channelId: string, messageId: number): Promise<boolean> {
    return this.engine.pager.around(channelId, messageId);
  }

  jumpToLatest(channelId: string): void {
    const { hub, pager } = this.engine;
    hub.dispatch({ type: "latest_wanted", channelId });
    pager.fill(channelId);
    hub.publish();
  }

  fillGap(channelId: string, afterSeq: number): Promise<void> {
    return this.engine.pager.gap(channelId, afterSeq);
  }

  openThread(channelId: string, messageId: number): () => void {
    const { hub, pager } = this.engine;
    hub.dispatch({ type: "thread_opened", channelId, messageId });
    const thread = hub.current.threads[messageId];
    const isLoaded = thread !== undefined && !thread.hasOlder && !thread.stale;
    if (!isLoaded) void pager.loadReplies(messageId, true);
    hub.publish();
    return once(() => hub.dispatch({ type: "thread_closed", messageId }));
  }

  loadOlderReplies(messageId: number): Promise<void> {
    return this.engine.pager.loadReplies(messageId, false);
  }

  send(channelId: string, text: string, options: { parentId?: number } = {}): string {
    const id = this.engine.outbox.compose(channelId, text, options.parentId ?? null);
    this.engine.presence.typed(channelId);
    this.engine.hub.publish();
    return id;
  }

  retry(clientMsgId: string): void {
    this.engine.outbox.retry(clientMsgId);
    this.engine.hub.publish();
  }

  discard(clientMsgId: string): void {
    this.engine.outbox.discard(clientMsgId);
    this.engine.hub.publish();
  }

  markRead(channelId: string, seq: number): void {
    this.engine.presence.markRead(channelId, seq);
  }

  typing(channelId: string): void {
    this.engine.presence.typing(channelId);
  }

  refreshChannels(): Promise<void> {
    return this.engine.refreshList();
  }

  /** Logged out here or in another tab: nothing is written any more. */
  private signedOut(): void {
    this.engine.cache.cancel();
    this.end("signed_out");
  }

  private end(reason: "signed_out" | "closed"): void {
    this.ending?.();
    this.ending = null;
    this.engine.socket.stop(reason);
    this.engine.hub.publish();
  }
}
