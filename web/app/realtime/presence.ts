/* What is said in passing: who watches which channels, who types, how far was read. */
import { Gather, openChannels, type Core } from "./core.js";
import { READ_GATHER_MS, TICK_MS, TYPING_SAID_EVERY_MS, WATCH_MAX } from "./limits.js";

export class Presence {
  private readonly reads = new Map<string, number>();
  private readonly typedAt = new Map<string, number>();
  private readonly saying: Gather;
  private readonly ticking: Gather;

  constructor(private readonly core: Core) {
    this.saying = new Gather(core.env, READ_GATHER_MS, () => this.sayReads());
    this.ticking = new Gather(core.env, TICK_MS, () => this.tick());
  }

  /** The channels whose presence and typing are wanted: those that are open. */
  watched(): readonly string[] {
    const open = openChannels(this.core.state()).filter((c) => c.joined);
    return open.map((c) => c.id).slice(0, WATCH_MAX);
  }

  watch(): void {
    this.core.send({ action: "Watch", data: { channels: this.watched() } });
  }

  typing(channelId: string): void {
    const now = this.core.env.now();
    const last = this.typedAt.get(channelId) ?? -Infinity;
    if (now - last < TYPING_SAID_EVERY_MS) return;
    if (this.core.send({ action: "Typing", data: { channel_id: channelId } })) {
      this.typedAt.set(channelId, now);
    }
  }

  /** After a message was sent typing begins anew. */
  typed(channelId: string): void {
    this.typedAt.delete(channelId);
  }

  markRead(channelId: string, seq: number): void {
    const channel = this.core.state().channels[channelId];
    if (channel === undefined || !channel.joined) return;
    const to = Math.min(seq, channel.headSeq);
    if (to <= channel.readSeq) return;
    this.core.dispatch({ type: "read", channelId, seq: to });
    this.reads.set(channelId, to);
    this.saying.call();
  }

  /** Also when the connection is back: what was read meanwhile. */
  sayReads(): void {
    for (const [channelId, seq] of this.reads) {
      if (this.core.send({ action: "Read", data: { channel_id: channelId, seq } })) {
        this.reads.delete(channelId);
      }
    }
  }

  /** Typing is shown for a while only. */
  look(): void {
    if (Object.values(this.core.state().channels).some((c) => c.typing.length > 0)) {
      this.ticking.call();
    }
  }

  cancel(): void {
    this.saying.flush();
    this.ticking.cancel();
  }

  private tick(): void {
    this.core.dispatch({ type: "tick", now: this.core.env.now() });
    this.look();
  }
}
