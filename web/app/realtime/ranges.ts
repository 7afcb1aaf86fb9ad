/* Which positions are known without a hole.
 *
 * Positions of one channel grow but are not consecutive, so what is known is told in half-open
 * ranges (after, to]: "of the posts in there none is missing". Every post with its `prev_seq` is
 * such a fact, and so is every page. Facts may come in any order and more than once; their union
 * is the same. Ranges that touch are one. */
import type { Range } from "./types.js";

const NOTHING: readonly Range[] = [];

export function covers(ranges: readonly Range[], seq: number): boolean {
  return ranges.some((r) => r.after < seq && seq <= r.to);
}

export function lastOf(ranges: readonly Range[]): Range | undefined {
  return ranges[ranges.length - 1];
}

/** Is everything from just after `after` up to and with `to` in one range? */
export function joins(ranges: readonly Range[], after: number, to: number): boolean {
  return ranges.some((r) => r.after <= after && to <= r.to);
}

/** The union with (after, to]; the same object when that was known. */
export function addRange(ranges: readonly Range[], after: number, to: number): readonly Range[] {
  if (after > to) return ranges;
  if (joins(ranges, after, to)) return ranges;
  let merged: Range = { after, to };
  const below: Range[] = [];
  const above: Range[] = [];
  for (const r of ranges) {
    if (r.to < merged.after) below.push(r);
    else if (r.after > merged.to) above.push(r);
    else merged = { after: Math.min(r.after, merged.after), to: Math.max(r.to, merged.to) };
  }
  return [...below, merged, ...above];
}

/** Without (after, to]. A range that ends at `after` or begins at `to` stays as it is. */
export function cutRange(ranges: readonly Range[], after: number, to: number): readonly Range[] {
  const left = ranges.flatMap((r) => {
    if (r.to <= after || r.after >= to) return [r];
    const parts: Range[] = [];
    if (r.after < after) parts.push({ after: r.after, to: after });
    if (r.to > to) parts.push({ after: to, to: r.to });
    return parts;
  });
  return left.length === 0 ? NOTHING : left;
}
