export interface Named {
  name: string;
  unread: number;
}

/** How well `name` fits what was typed: lower is better, null is not at all. */
export function rank(name: string, query: string): number | null {
  const text = name.toLowerCase();
  const wanted = query.trim().toLowerCase();
  if (!wanted) return 0;
  const at = text.indexOf(wanted);
  if (at === 0) return 0;
  if (at > 0) return /[\s\-_/.]/.test(text[at - 1]!) ? 1 : 2;
  // All its letters in their order, the tighter the better.
  let from = -1;
  let first = -1;
  for (const c of wanted) {
    from = text.indexOf(c, from + 1);
    if (from < 0) return null;
    if (first < 0) first = from;
  }
  return 3 + (from - first) / 1000;
}

/** Those that fit, best first; among equals the unread, then as they came. */
export function match<T extends Named>(all: readonly T[], query: string): T[] {
  return all
    .map((item, i) => ({ item, i, score: rank(item.name, query) }))
    .filter((m) => m.score !== null)
    .sort((a, b) =>
      a.score! - b.score! || Number(b.item.unread > 0) - Number(a.item.unread > 0) || a.i - b.i)
    .map((m) => m.item);
}
