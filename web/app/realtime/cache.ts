/* The newest messages of each channel on disk, written a moment after they changed. */
import { openChannels, Gather, type Core } from "./core.js";
import { CACHED_MESSAGES, RESUME_COLD_MAX, SAVE_MS } from "./limits.js";
import { lastOf } from "./ranges.js";
import { hasHole, heardTo } from "./state/stream.js";
import type { CachedChannel, Store } from "./store.js";
import type { Channel, State } from "./types.js";

/** Null: there is nothing of it that could be shown without a hole. */
export function cachedForm(channel: Channel, openedAt: number): CachedChannel | null {
  const heardSeq = heardTo(channel);
  if (!channel.joined || heardSeq === null || hasHole(channel)) return null;
  const tip = lastOf(channel.ranges) ?? { after: heardSeq, to: heardSeq };
  const whole = channel.messages.filter((m) => m.seq > tip.after);
  const messages = whole.slice(-CACHED_MESSAGES);
  const first = messages[0];
  const isCut = first !== undefined && messages.length < whole.length;
  const after = isCut ? first.prevSeq : tip.after;
  const { id, name, ownerId, createdAt, headSeq, readSeq, unread } = channel;
  const info = { id, name, ownerId, createdAt, headSeq, readSeq, unread };
  return { ...info, heardSeq, openedAt, range: { after, to: tip.to }, messages };
}

export class Cache {
  private readonly openedAt = new Map<string, number>();
  private readonly dirty = new Set<string>();
  private readonly saving: Gather;

  constructor(
    private readonly core: Core,
    private readonly store: Store,
  ) {
    this.saving = new Gather(core.env, SAVE_MS, () => this.save());
  }

  /** What is on disk; the channels last read are the ones whose stream is resumed. */
  async load(): Promise<void> {
    const stored = await this.store.channels().catch(() => []);
    const byUse = [...stored].sort((a, b) => b.openedAt - a.openedAt);
    for (const c of byUse) this.openedAt.set(c.id, c.openedAt);
    const channels = byUse.map((c, i) => (i < RESUME_COLD_MAX ? c : { ...c, heardSeq: null }));
    this.core.dispatch({ type: "stored", channels });
  }

  look(before: State, after: State): void {
    if (before.channels === after.channels) return;
    for (const channel of Object.values(after.channels)) {
      const was = before.channels[channel.id];
      if (was === channel) continue;
      const isSame =
        was !== undefined &&
        was.messages === channel.messages &&
        was.heard === channel.heard &&
        was.readSeq === channel.readSeq &&
        was.joined === channel.joined;
      if (isSame) continue;
      this.dirty.add(channel.id);
      this.saving.call();
    }
  }

  flush(): void {
    this.saving.flush();
  }

  cancel(): void {
    this.saving.cancel();
    this.dirty.clear();
  }

  private save(): void {
    const state = this.core.state();
    for (const c of openChannels(state)) this.openedAt.set(c.id, this.core.env.now());
    for (const id of this.dirty) {
      const channel = state.channels[id];
      if (channel === undefined) continue;
      const cached = cachedForm(channel, this.openedAt.get(id) ?? 0);
      /* A cache that cannot be written is a slower start, nothing more. */
      if (cached !== null) void this.store.putChannel(cached).catch(() => undefined);
      else if (!channel.joined) void this.store.deleteChannel(id).catch(() => undefined);
    }
    this.dirty.clear();
  }
}
