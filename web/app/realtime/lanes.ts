/* One thing at a time in each channel: what is on its way, or waited for. */
import type { Env } from "./env.js";

interface Occupant {
  readonly id: string;
  readonly cancel: () => void;
}

export class Lanes {
  private readonly busy = new Map<string, Occupant>();

  constructor(private readonly env: Env) {}

  isBusy(lane: string): boolean {
    return this.busy.has(lane);
  }

  ids(): readonly string[] {
    return [...this.busy.values()].map((o) => o.id);
  }

  /** `id` has the lane, until it leaves or, `ms` later, `then`. Null: as long as it likes. */
  occupy(lane: string, id: string, ms: number | null, then: () => void): void {
    this.busy.get(lane)?.cancel();
    const ended = (): void => {
      this.busy.delete(lane);
      then();
    };
    const cancel = ms === null ? () => undefined : this.env.after(ms, ended);
    this.busy.set(lane, { id, cancel });
  }

  leave(lane: string, id: string): void {
    const occupant = this.busy.get(lane);
    if (occupant?.id !== id) return;
    occupant.cancel();
    this.busy.delete(lane);
  }

  clear(): void {
    for (const { cancel } of this.busy.values()) cancel();
    this.busy.clear();
  }
}
