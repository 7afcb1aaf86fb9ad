/* One connection after the other.
 *
 *     idle -> connecting -> online -> waiting -> connecting ...      -> stopped
 *
 * connecting: the websocket opens, the token is said (none: the cookie speaks), then Hello with the
 *             positions to resume from. Each step has its time-out.
 * online:     Hello was answered. After `heartbeat_s` of silence a Ping; silence after that ends
 *             the connection. (The server's own pings are answered by the browser, unseen.)
 * waiting:    until `retryAt`, or retryNow(), or the network comes back.
 * stopped:    by stop(), or because the log-in is void (4001): nothing but start() goes on.
 *
 * A wire given up is abandoned, not awaited: a dead network may take minutes to close. */
import { delayAfter } from "./backoff.js";
import { Slot } from "./core.js";
import type { Wire } from "./env.js";
import { readFrame } from "./frames.js";
import { CONNECT_TIMEOUT_MS, HELLO_TIMEOUT_MS } from "./limits.js";
import { PONG_TIMEOUT_MS, STABLE_AFTER_MS } from "./limits.js";
import type { SocketOptions } from "./options.js";
import type { ClientFrame } from "./protocol.js";
import { IDLE, type Connection } from "./types.js";

const GAVE_UP = 4000;

export class Socket {
  private wire: Wire | null = null;
  /** One thing is waited for at a time. */
  private readonly timer: Slot;
  private attempt = 0;
  private onlineSince = 0;
  private heartbeatMs = 0;
  private now = IDLE;

  constructor(private readonly options: SocketOptions) {
    this.timer = new Slot(options.env);
  }

  get isOnline(): boolean {
    return this.now.status === "online";
  }

  start(): void {
    if (this.now.status === "idle" || this.now.status === "stopped") this.open();
  }

  stop(reason: "signed_out" | "closed"): void {
    this.drop(1000);
    this.attempt = 0;
    this.tell({ status: "stopped", stopReason: reason });
  }

  retryNow(): void {
    if (this.now.status === "waiting") this.open();
  }

  /** The network came or went: come back at once, or ask whether the peer is still there. */
  networkChanged(isUp: boolean): void {
    if (this.isOnline) this.probe();
    else if (isUp) this.retryNow();
  }

  /** False: not online, the frame is not sent. */
  send(frame: ClientFrame): boolean {
    if (!this.isOnline || this.wire === null) return false;
    this.wire.send(JSON.stringify(frame));
    return true;
  }

  /** The peer does not do what it must: start over. */
  giveUp(): void {
    if (this.wire !== null) this.ended(GAVE_UP, "");
  }

  private tell(change: Partial<Connection>): void {
    this.now = { ...this.now, retryAt: null, stopReason: null, attempt: this.attempt, ...change };
    this.options.onConnection(this.now);
  }

  private drop(code: number): void {
    this.timer.clear();
    this.wire?.abandon(code);
    this.wire = null;
  }

  private open(): void {
    this.drop(GAVE_UP);
    this.tell({ status: "connecting" });
    this.timer.set(CONNECT_TIMEOUT_MS, () => this.ended(GAVE_UP, ""));
    this.wire = this.options.env.connect(this.options.url, {
      open: () => this.opened(),
      text: (data) => this.heard(data),
      closed: (code, reason) => this.ended(code, reason),
    });
  }

  private opened(): void {
    this.timer.set(HELLO_TIMEOUT_MS, () => this.ended(GAVE_UP, ""));
    const token = this.options.token?.();
    if (typeof token === "string") this.wire?.send(`Authorization: Bearer ${token}`);
    this.wire?.send(JSON.stringify(this.options.hello()));
  }

  private heard(data: string): void {
    const frame = readFrame(data, this.options.myId);
    if (frame?.action === "Hello") this.greeted(frame.userId, frame.heartbeatS);
    if (frame?.action === "Fail" && frame.ref === "hello") this.giveUp();
    if (!this.isOnline) return;
    this.watch();
    if (frame !== null) this.options.onFrame(frame);
  }

  private greeted(userId: string, heartbeatS: number): void {
    /* The cookie is another user's by now: what waits to be sent is not hers. */
    if (userId !== this.options.myId) {
      this.stop("signed_out");
      return;
    }
    this.heartbeatMs = Math.max(1, heartbeatS) * 1000;
    this.onlineSince = this.options.env.now();
    this.tell({ status: "online", everOnline: true, attempt: 0 });
  }

  private watch(): void {
    this.timer.set(this.heartbeatMs, () => this.probe());
  }

  private probe(): void {
    this.send({ action: "Ping" });
    this.timer.set(PONG_TIMEOUT_MS, () => this.ended(GAVE_UP, ""));
  }

  private ended(code: number, reason: string): void {
    const { env } = this.options;
    const wasOnline = this.isOnline;
    const wasStable = wasOnline && env.now() - this.onlineSince >= STABLE_AFTER_MS;
    this.drop(GAVE_UP);
    if (wasStable) this.attempt = 0;
    const delay = delayAfter({ code, reason, attempt: this.attempt, wasStable }, env.random);
    if (delay === null) {
      this.tell({ status: "stopped", stopReason: "signed_out" });
    } else {
      this.attempt += 1;
      this.tell({ status: "waiting", retryAt: env.now() + delay });
      this.timer.set(delay, () => this.open());
    }
    this.options.onClosed(code);
  }
}
