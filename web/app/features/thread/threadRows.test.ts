import { describe, expect, it } from "vitest";
import type { Reply, ThreadItem } from "~/realtime/types";
import { threadRows } from "./threadRows";

const reply = (key: string, authorId: string, minute: number): ThreadItem => ({
  kind: "reply", key,
  reply: { key, authorId, createdAt: new Date(minute * 60_000).toISOString() } as Reply,
});
const facts = { hasRoot: true, hasOlder: false, isEmpty: false, meId: "me" };

describe("the rows of a thread", () => {
  it("are its message, what leads to older ones, and the replies, grouped by author within five minutes", () => {
    const items = [reply("1", "ann", 0), reply("2", "ann", 5), reply("3", "ann", 11), reply("4", "ben", 11)];
    const rows = threadRows({ ...facts, hasOlder: true, items });
    expect(rows.map((r) => r.key)).toEqual(["root", "older", "1", "2", "3", "4"]);
    expect(rows.flatMap((r) => (r.kind === "reply" ? [r.first] : []))).toEqual([true, false, true, true]);
  });
  it("say when nobody has answered", () => {
    expect(threadRows({ ...facts, isEmpty: true, items: [] }).map((r) => r.kind)).toEqual(["root", "none"]);
  });
});
