/* The parts of a client, wired: what a frame, a change, a cut or another tab sets in motion. */
import { Cache } from "./cache.js";
import { Catchup } from "./catchup.js";
import { Gather, type Core } from "./core.js";
import { eventOf } from "./frames.js";
import { Api } from "./http.js";
import { Hub } from "./hub.js";
import { RECOUNT_MS, REFRESH_GATHER_MS } from "./limits.js";
import type { ClientOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import { Pager } from "./pager.js";
import { Presence } from "./presence.js";
import { CLOSE, type ClientFrame, type ServerFrame } from "./protocol.js";
import { Socket } from "./socket.js";
import { resumePoints } from "./state/stream.js";
import type { State } from "./types.js";

const TOO_LARGE = { code: "too_large", message: "The server does not take a message of this size" };

export class Engine {
  readonly hub: Hub;
  readonly core: Core;
  readonly socket: Socket;
  readonly outbox: Outbox;
  readonly pager: Pager;
  readonly presence: Presence;
  readonly cache: Cache;
  readonly catchup: Catchup;
  private readonly refreshing: Gather;
  private readonly recounting: Gather;
  private watched = "";

  constructor(readonly options: ClientOptions) {
    const { env, store, user, token } = options;
    const hub = new Hub(env, user);
    const api = new Api({ env, baseUrl: options.baseUrl, token, myId: user.id });
    const state = (): State => hub.current;
    const send = (frame: ClientFrame): boolean => this.socket.send(frame);
    const isOnline = (): boolean => this.socket.isOnline;
    const dispatch = hub.dispatch.bind(hub);
    this.hub = hub;
    this.core = { env, api, state, send, isOnline, dispatch };
    this.presence = new Presence(this.core);
    this.pager = new Pager(this.core);
    this.cache = new Cache(this.core, store);
    this.catchup = new Catchup(this.core, options.catchUpAll, () => this.refreshing.call());
    this.outbox = new Outbox(this.core, store, options.tabs, () => this.socket.giveUp());
    const refresh = (): void => void this.refreshList();
    this.refreshing = new Gather(env, REFRESH_GATHER_MS, refresh);
    this.recounting = new Gather(env, RECOUNT_MS, refresh);
    this.socket = new Socket({
      env,
      url: options.socketUrl,
      myId: user.id,
      token,
      hello: () => this.hello(),
      onConnection: (connection) => hub.dispatch({ type: "connection", connection }),
      onFrame: (frame) => this.took(frame),
      onClosed: (code) => this.closed(code),
    });
    hub.follow = (before, after) => this.follow(before, after);
  }

  async refreshList(): Promise<void> {
    try {
      this.hub.dispatch({ type: "listed", channels: await this.core.api.channels() });
      this.pager.refresh();
    } catch {
      /* The next Hello asks again. */
    }
  }

  private hello(): ClientFrame {
    const resume = resumePoints(this.hub.current);
    const watch = this.presence.watched();
    this.watched = watch.join();
    return { action: "Hello", ref: "hello", data: { protocol: 1, resume, watch } };
  }

  private took(frame: ServerFrame): void {
    const event = eventOf(frame, this.core.env.now());
    const isReplay = frame.action === "Post" && frame.isReplay;
    if (event !== null) this.hub.dispatch(event, isReplay);
    switch (frame.action) {
      case "Hello":
        this.greeted(frame);
        break;
      case "Ack":
        this.options.tabs.post({ type: "sent", post: frame.post });
        this.outbox.posted(frame.post);
        break;
      case "Post":
        this.outbox.posted(frame.post);
        break;
      case "Joined":
        if (frame.user.id === this.options.user.id) this.refreshing.call();
        break;
      case "Resumed":
        this.catchup.answered(frame.ref);
        this.pager.refresh();
        break;
      case "Fail":
        if (!this.catchup.failed(frame.ref)) this.outbox.refused(frame.ref, frame.fault);
        break;
    }
  }

  private greeted(hello: Extract<ServerFrame, { action: "Hello" }>): void {
    const { channels } = this.hub.current;
    const isKnown = hello.channels.every((c) => c.recovered === true && channels[c.id]?.name !== "");
    if (isKnown) this.pager.refresh();
    else void this.refreshList();
    this.presence.sayReads();
    this.outbox.pump();
    this.catchup.look();
  }

  private closed(code: number): void {
    if (code === CLOSE.tooBig) this.outbox.failInFlight(TOO_LARGE);
    this.outbox.cut();
    this.catchup.cut();
  }

  private follow(before: State, after: State): void {
    if (before.outbox !== after.outbox) this.outbox.look(before.outbox, after.outbox);
    if (before.channels === after.channels) return;
    this.catchup.look();
    this.cache.look(before, after);
    this.presence.look();
    const channels = Object.values(after.channels);
    if (this.socket.isOnline && channels.some((c) => c.unreadBasis.stale)) this.recounting.call();
    const watched = this.presence.watched().join();
    if (watched === this.watched) return;
    this.watched = watched;
    this.presence.watch();
  }
}
