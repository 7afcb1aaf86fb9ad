/* Holes in the streams are closed.
 *
 * A hole shows in the state: a channel whose `heard` has two ranges. All holes of a moment go into
 * one Resume from the ends of their first ranges; one Resume is under way at a time. What the
 * server will not replay (`refused`), or has not closed RESUME_TIMEOUT_MS after it said it would,
 * is paged: holePager.ts. */
import type { Core } from "./core.js";
import { HolePager } from "./holePager.js";
import { RESUME_CHANNELS_MAX, RESUME_TIMEOUT_MS } from "./limits.js";
import { hasHole, heardTo } from "./state/stream.js";
import type { Channel } from "./types.js";

/** Holes that show together are asked for together. */
const GATHER_MS = 50;

export class Catchup {
  private gathering: (() => void) | null = null;
  private resume: { ref: string; ids: readonly string[]; cancel: () => void } | null = null;
  private resumes = 0;
  /** Channels whose replay is awaited, and what ends the waiting. */
  private readonly expected = new Map<string, () => void>();

  private readonly pager: HolePager;

  constructor(
    private readonly core: Core,
    everything: boolean,
    /** A hole was left: counts and views have to be asked for anew. */
    abandoned: () => void,
  ) {
    this.pager = new HolePager(core, everything, abandoned, () => this.look());
  }

  /** Something changed: is there a hole? */
  look(): void {
    if (!this.core.isOnline()) return;
    for (const [id, cancel] of this.expected) {
      const channel = this.core.state().channels[id];
      if (channel !== undefined && hasHole(channel)) continue;
      cancel();
      this.expected.delete(id);
    }
    this.pager.look(this.holes(true));
    if (this.gathering !== null || this.resume !== null || this.holes(false).length === 0) return;
    this.gathering = this.core.env.after(GATHER_MS, () => {
      this.gathering = null;
      this.ask();
    });
  }

  /** The connection ended; the next Hello resumes from where we are. */
  cut(): void {
    this.gathering?.();
    this.gathering = null;
    this.resume?.cancel();
    this.resume = null;
    for (const cancel of this.expected.values()) cancel();
    this.expected.clear();
  }

  /** The answer to our Resume came: the replay follows, its end is not told. */
  answered(ref: string | null): void {
    if (this.resume === null || ref !== this.resume.ref) return;
    const { ids } = this.resume;
    this.resume.cancel();
    this.resume = null;
    for (const id of ids) this.expect(id);
    this.look();
  }

  /** The server refused the Resume as a whole. True: it was ours. */
  failed(ref: string | null): boolean {
    if (this.resume === null || ref !== this.resume.ref) return false;
    const { ids } = this.resume;
    this.resume.cancel();
    this.resume = null;
    this.refuse(ids);
    return true;
  }

  private holes(refused: boolean): readonly Channel[] {
    return Object.values(this.core.state().channels).filter((c) => {
      return c.joined && hasHole(c) && c.refused === refused && !this.expected.has(c.id);
    });
  }

  private ask(): void {
    const holes = this.holes(false).slice(0, RESUME_CHANNELS_MAX);
    if (holes.length === 0) return;
    const channels = Object.fromEntries(holes.map((c) => [c.id, heardTo(c) ?? 0]));
    const ref = `resume-${(this.resumes += 1)}`;
    if (!this.core.send({ action: "Resume", ref, data: { channels } })) return;
    const ids = holes.map((c) => c.id);
    const cancel = this.core.env.after(RESUME_TIMEOUT_MS, () => void this.failed(ref));
    this.resume = { ref, ids, cancel };
  }

  private expect(id: string): void {
    const channel = this.core.state().channels[id];
    if (channel === undefined || !hasHole(channel) || channel.refused) return;
    const cancel = this.core.env.after(RESUME_TIMEOUT_MS, () => {
      this.expected.delete(id);
      this.refuse([id]);
    });
    this.expected.set(id, cancel);
  }

  private refuse(ids: readonly string[]): void {
    const channels = Object.fromEntries(
      ids.map((id) => {
        const headSeq = this.core.state().channels[id]?.headSeq ?? 0;
        return [id, { recovered: false, headSeq }];
      }),
    );
    this.core.dispatch({ type: "resumed", channels });
  }
}
