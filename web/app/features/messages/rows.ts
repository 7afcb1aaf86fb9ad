import type { TimelineItem } from "~/realtime/types";

/** What the list shows, one below the other. */
export type Row =
  | { kind: "start"; key: string }
  | { kind: "day"; key: string; time: number }
  | { kind: "new"; key: string }
  | { kind: "post"; key: string; item: Exclude<TimelineItem, { kind: "gap" }>; first: boolean }
  | { kind: "gap"; key: string; item: Extract<TimelineItem, { kind: "gap" }> };

export interface RowsInput {
  items: readonly TimelineItem[];
  /** The first message that was unread when the channel was opened. */
  newSeq: number | null;
  /** Nothing older exists. */
  complete: boolean;
  meId: string;
}

const GROUP_MS = 5 * 60_000;

interface Facts {
  time: number;
  day: number;
  author: string;
}

const known = new WeakMap<object, Facts>();

const contentOf = (item: TimelineItem): object =>
  item.kind === "message" ? item.message : item.kind === "outgoing" ? item.entry : item;
const isSame = (a: TimelineItem, b: TimelineItem) =>
  a === b || (a.key === b.key && a.kind !== "gap" && contentOf(a) === contentOf(b));

function factsOf(item: Exclude<TimelineItem, { kind: "gap" }>, meId: string): Facts {
  const content = contentOf(item);
  let facts = known.get(content);
  if (!facts) {
    const time = item.kind === "message" ? Date.parse(item.message.createdAt) : item.entry.createdAt;
    const author = item.kind === "message" ? item.message.authorId : meId;
    facts = { time, day: new Date(time).setHours(0, 0, 0, 0), author };
    known.set(content, facts);
  }
  return facts;
}

/** Builds rows from a timeline, again and again as it grows. What has only grown at its end is not
 * looked at twice, so that a message costs the same whether ten or 100,000 came before it. */
export function createRowBuilder() {
  let last: RowsInput | null = null;
  let rows: Row[] = [];
  let ends: number[] = []; // how many rows there are after each item

  function commonPrefix(input: RowsInput): number {
    if (!last || last.newSeq !== input.newSeq || last.complete !== input.complete) return 0;
    if (last.meId !== input.meId) return 0;
    const n = Math.min(last.items.length, input.items.length);
    let i = 0;
    while (i < n && isSame(last.items[i]!, input.items[i]!)) i++;
    return i;
  }

  return function build(input: RowsInput): readonly Row[] {
    const kept = commonPrefix(input);
    if (last && kept === last.items.length && kept === input.items.length && kept > 0) return rows;
    rows = rows.slice(0, kept ? ends[kept - 1] : 0);
    ends = ends.slice(0, kept);
    if (kept === 0 && input.complete) rows.push({ kind: "start", key: "start" });
    let before = kept ? input.items[kept - 1] : undefined;
    let isNewShown = rows.some((r) => r.kind === "new");
    for (let i = kept; i < input.items.length; i++) {
      const item = input.items[i]!;
      if (item.kind === "gap") {
        rows.push({ kind: "gap", key: item.key, item });
      } else {
        isNewShown = addPost(rows, item, before, input, isNewShown);
      }
      ends.push(rows.length);
      before = item;
    }
    last = input;
    return rows;
  };
}

function addPost(
  rows: Row[],
  item: Exclude<TimelineItem, { kind: "gap" }>,
  before: TimelineItem | undefined,
  { newSeq, meId }: RowsInput,
  isNewShown: boolean,
): boolean {
  const facts = factsOf(item, meId);
  const prior = before && before.kind !== "gap" ? factsOf(before, meId) : null;
  let first = !prior || prior.author !== facts.author || facts.time - prior.time > GROUP_MS;
  if (!prior || prior.day !== facts.day) {
    rows.push({ kind: "day", key: `day-${item.key}`, time: facts.time });
    first = true;
  }
  const isNew =
    !isNewShown && newSeq !== null && item.kind === "message" && item.message.seq >= newSeq;
  if (isNew) {
    rows.push({ kind: "new", key: "new" });
    first = true;
  }
  rows.push({ kind: "post", key: item.key, item, first });
  return isNewShown || isNew;
}
