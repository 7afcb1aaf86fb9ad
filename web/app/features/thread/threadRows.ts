import type { ThreadItem } from "~/realtime/types";
import { isGrouped } from "./grouping";

/** What a thread shows, one below the other. */
export type ThreadRow =
  | { kind: "root" | "older" | "none"; key: string }
  | { kind: "reply"; key: string; item: ThreadItem; first: boolean };

export interface ThreadRowsInput {
  items: readonly ThreadItem[];
  /** The message it is about is at hand. */
  hasRoot: boolean;
  hasOlder: boolean;
  /** It is known that nobody has answered yet. */
  isEmpty: boolean;
  meId: string;
}

export function threadRows({ items, hasRoot, hasOlder, isEmpty, meId }: ThreadRowsInput): ThreadRow[] {
  const rows: ThreadRow[] = [];
  if (hasRoot) rows.push({ kind: "root", key: "root" });
  if (hasOlder) rows.push({ kind: "older", key: "older" });
  items.forEach((item, i) => {
    rows.push({ kind: "reply", key: item.key, item, first: !isGrouped(items, i, meId) });
  });
  if (isEmpty) rows.push({ kind: "none", key: "none" });
  return rows;
}
