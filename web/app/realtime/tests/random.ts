/* Chance with a seed, so that a failure can be seen again: PARLEY_SEED=n, PARLEY_RUNS=n. */

export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = (seed + 1) * 0x9e3779b9;
  }

  /** mulberry32 */
  readonly next = (): number => {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  /** 0 <= n < below */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  pick<T>(from: readonly T[]): T {
    const one = from[this.below(from.length)];
    if (one === undefined) throw new Error("nothing to pick from");
    return one;
  }

  shuffle<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, at: this.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }
}

export function seeds(runs: number): readonly number[] {
  const only = process.env["PARLEY_SEED"];
  if (only !== undefined) return [Number(only)];
  return Array.from({ length: Number(process.env["PARLEY_RUNS"] ?? runs) }, (_, i) => i);
}
