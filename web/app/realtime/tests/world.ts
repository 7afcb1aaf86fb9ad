/* A clock of our own: time passes when a test says so, one event after the other. */
import type { Env } from "../env.js";
import { Random } from "./random.js";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class World {
  now = 1_800_000_000_000;
  private order = 0;
  private timers: Timer[] = [];
  readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.now + ms, order: (this.order += 1), run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((t) => t !== timer);
    };
  }

  /** Lets `ms` pass; what was promised meanwhile is kept before the next timer. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await settled();
    for (;;) {
      const due = this.timers
        .filter((t) => t.at <= until)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.timers = this.timers.filter((t) => t !== due);
      this.now = Math.max(this.now, due.at);
      due.run();
      await settled();
    }
    this.now = until;
  }

  /** Lets time pass until it is so; throws when it is not after `ms`. */
  async until(what: string, is: () => boolean, ms = 600_000): Promise<void> {
    for (let passed = 0; passed <= ms; passed += 250) {
      if (is()) return;
      await this.pass(250);
    }
    throw new Error(`not within ${ms} ms: ${what}`);
  }

  /** Time and chance of this world; the network is to be added. */
  env(): Pick<Env, "now" | "random" | "after" | "onNetwork"> {
    return {
      now: () => this.now,
      random: this.random.next,
      after: (ms, run) => this.after(ms, run),
      onNetwork: () => () => undefined,
    };
  }
}

export function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
