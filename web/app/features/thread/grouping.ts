import type { ThreadItem } from "~/realtime/types";

const GROUP_MS = 5 * 60_000;

const facts = (item: ThreadItem, meId: string) =>
  item.kind === "outgoing"
    ? { author: meId, time: item.entry.createdAt }
    : { author: item.reply.authorId, time: Date.parse(item.reply.createdAt) };

/** Does the item continue what its author said just before? */
export function isGrouped(items: readonly ThreadItem[], i: number, meId: string): boolean {
  if (i === 0) return false;
  const before = facts(items[i - 1]!, meId);
  const here = facts(items[i]!, meId);
  return before.author === here.author && here.time - before.time <= GROUP_MS;
}
