/* Holes the server does not replay are paged (`after`), for channels that are looked at (or all of
 * them: `everything`, then without a bound) and up to CATCHUP_PAGES_MAX pages. What is left is
 * abandoned: the stream goes on above it and the view shows a gap, which a reader who comes there
 * fills. */
import type { Core } from "./core.js";
import { isPassing } from "./http.js";
import { BACKOFF_MAX_MS, CATCHUP_PAGES_MAX, CATCHUP_PARALLEL, CATCHUP_ROWS } from "./limits.js";
import { hasHole, heardTo } from "./state/stream.js";
import type { Channel } from "./types.js";

export class HolePager {
  private readonly paging = new Set<string>();

  constructor(
    private readonly core: Core,
    private readonly everything: boolean,
    private readonly abandoned: () => void,
    /** A place is free again. */
    private readonly next: () => void,
  ) {}

  look(holes: readonly Channel[]): void {
    for (const channel of holes) {
      const now = this.core.state().channels[channel.id];
      if (this.paging.has(channel.id) || now === undefined || !hasHole(now)) continue;
      if (channel.opened === 0 && !this.everything) {
        this.abandon(channel.id);
      } else if (this.paging.size < CATCHUP_PARALLEL) {
        this.paging.add(channel.id);
        void this.pageAll(channel.id).finally(() => {
          this.paging.delete(channel.id);
          this.next();
        });
      }
    }
  }

  private async pageAll(id: string): Promise<void> {
    for (let n = 0; this.everything || n < CATCHUP_PAGES_MAX; n += 1) {
      const channel = this.core.state().channels[id];
      if (channel === undefined || !channel.joined || !hasHole(channel)) return;
      if (!this.core.isOnline()) return;
      try {
        if (await this.pageOnce(channel)) break;
      } catch (error) {
        /* Whoever wants everything asks until the server says no. */
        if (!this.everything || !isPassing(error)) break;
        await this.pause();
      }
    }
    const after = this.core.state().channels[id];
    if (after !== undefined && hasHole(after) && this.core.isOnline()) this.abandon(id);
  }

  /** True: there is nothing more to page. */
  private async pageOnce(channel: Channel): Promise<boolean> {
    const after = heardTo(channel) ?? 0;
    const upTo = channel.headSeq;
    const { posts, isLast } = await this.core.api.after(channel.id, after, CATCHUP_ROWS);
    this.core.dispatch({
      type: "after_page",
      channelId: channel.id,
      after,
      posts,
      upTo: isLast ? upTo : null,
      isStream: true,
    });
    const now = this.core.state().channels[channel.id];
    return isLast || now === undefined || heardTo(now) === after;
  }

  private pause(): Promise<void> {
    const { env } = this.core;
    return new Promise((resolve) => void env.after(BACKOFF_MAX_MS * env.random(), resolve));
  }

  private abandon(id: string): void {
    this.core.dispatch({ type: "hole_abandoned", channelId: id });
    this.abandoned();
  }
}
