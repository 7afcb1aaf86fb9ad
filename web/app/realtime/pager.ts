/* Pages for what is looked at: channels, threads, members. One load of a kind at a time; what
 * fails is told in the state, and tried again when the connection is back. */
import type { Core } from "./core.js";
import { openChannels } from "./core.js";
import type { LoadKind } from "./events.js";
import { OPEN_ROWS_WANTED, PAGE_ROWS } from "./limits.js";
import { lastOf } from "./ranges.js";
import type { Channel } from "./types.js";

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Are the newest messages here, and enough of them to fill a screen? */
function isFilled(channel: Channel): boolean {
  const tip = lastOf(channel.ranges);
  if (tip === undefined || tip.to < channel.headSeq) return false;
  if (tip.after === 0) return true;
  return channel.messages.filter((m) => m.seq > tip.after).length >= OPEN_ROWS_WANTED;
}

export class Pager {
  private readonly askedMembers = new Set<string>();

  constructor(private readonly core: Core) {}

  /** What the open views lack, after they were opened or the connection came back. */
  refresh(): void {
    for (const channel of openChannels(this.core.state())) {
      if (channel.joined) void this.loadMembers(channel.id);
      this.fill(channel.id);
    }
    for (const thread of Object.values(this.core.state().threads)) {
      if (thread.opened > 0 && (thread.stale || thread.loadError !== null)) {
        void this.loadReplies(thread.messageId, true);
      }
    }
  }

  fill(channelId: string): void {
    const channel = this.core.state().channels[channelId];
    if (channel !== undefined && channel.joined && !isFilled(channel)) void this.latest(channelId);
  }

  latest(channelId: string): Promise<void> {
    return this.load(channelId, "latest", (c) => this.page(c, "latest", null, c.headSeq));
  }

  older(channelId: string): Promise<void> {
    return this.load(channelId, "older", async (c) => {
      const oldest = c.messages[0];
      const first = c.ranges[0];
      if (!c.hasOlder) return;
      /* Nothing of the lowest range is a message: begin with the newest page. */
      if (oldest === undefined || first === undefined) {
        await this.page(c, "latest", null, c.headSeq);
      } else {
        await this.page(c, "older", oldest.id, oldest.seq);
      }
    });
  }

  /** The message and what is around it. False: it is not in this channel. */
  async around(channelId: string, messageId: number): Promise<boolean> {
    const find = (): number | undefined => {
      const channel = this.core.state().channels[channelId];
      return channel?.messages.find((m) => m.id === messageId)?.seq;
    };
    if (find() === undefined) {
      await this.load(channelId, "older", (c) => this.page(c, "older", messageId, 0));
      const seq = find();
      if (seq !== undefined) await this.gap(channelId, seq);
    }
    return find() !== undefined;
  }

  gap(channelId: string, afterSeq: number): Promise<void> {
    return this.load(channelId, "gap", async (c) => {
      const upTo = c.headSeq;
      const { posts, isLast } = await this.core.api.after(c.id, afterSeq, PAGE_ROWS);
      this.core.dispatch({
        type: "after_page",
        channelId: c.id,
        after: afterSeq,
        posts,
        upTo: isLast ? upTo : null,
        isStream: false,
      });
    });
  }

  async loadReplies(messageId: number, isNewest: boolean): Promise<void> {
    const thread = this.core.state().threads[messageId];
    if (thread === undefined || thread.loading) return;
    const from = isNewest ? null : (thread.replies[0]?.id ?? null);
    this.core.dispatch({ type: "thread_loading", messageId });
    try {
      const page = await this.core.api.replies(messageId, from, PAGE_ROWS);
      this.core.dispatch({ type: "thread_page", messageId, isNewest: from === null, ...page });
    } catch (error) {
      this.core.dispatch({ type: "thread_failed", messageId, message: reason(error) });
    }
  }

  async loadMembers(channelId: string): Promise<void> {
    if (this.askedMembers.has(channelId)) return;
    this.askedMembers.add(channelId);
    try {
      const members = await this.core.api.members(channelId);
      this.core.dispatch({ type: "members", channelId, members });
    } catch {
      /* Shown as not loaded; the next refresh asks again. */
    } finally {
      this.askedMembers.delete(channelId);
    }
  }

  private async page(c: Channel, kind: LoadKind, from: number | null, upTo: number): Promise<void> {
    /* The message it begins with is here already. */
    const rows = from === null ? PAGE_ROWS : PAGE_ROWS + 1;
    const page = await this.core.api.messages(c.id, from, rows);
    this.core.dispatch({ type: "page", channelId: c.id, kind, upTo, ...page });
  }

  private async load(
    channelId: string,
    kind: LoadKind,
    how: (channel: Channel) => Promise<void>,
  ): Promise<void> {
    const channel = this.core.state().channels[channelId];
    if (channel === undefined || channel.loading[kind]) return;
    this.core.dispatch({ type: "loading", channelId, kind });
    try {
      await how(channel);
      this.core.dispatch({ type: "loaded", channelId, kind });
    } catch (error) {
      this.core.dispatch({ type: "load_failed", channelId, kind, message: reason(error) });
    }
  }
}
