import { describe, expect, it } from "vitest";
import { match, rank } from "./match";

const all = ["random", "general", "design", "help-desk", "releases"].map((name) => ({ name, unread: 0 }));
const names = (query: string) => match(all, query).map((c) => c.name);

describe("the switcher", () => {
  it("finds beginnings before words before middles before scattered letters", () => {
    expect(rank("design", "des")).toBe(0);
    expect(rank("help-desk", "des")).toBe(1);
    expect(rank("redesign", "des")).toBe(2);
    expect(rank("dance-expense-list", "des")).toBeGreaterThan(2);
    expect(names("des")).toEqual(["design", "help-desk"]);
  });
  it("keeps the order of what fits equally, unread first", () => {
    expect(names("")).toEqual(all.map((c) => c.name));
    expect(match([...all, { name: "zebra", unread: 2 }], "")[0]!.name).toBe("zebra");
  });
  it("finds nothing where letters are missing", () => expect(names("xyz")).toEqual([]));
});
