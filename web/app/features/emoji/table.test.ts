import { describe, expect, it } from "vitest";
import { find, table } from "./table";

const all = table.flatMap((g) => g.all);
const texts = (query: string) => find(query).flatMap((g) => g.all).map((e) => e.text);

describe("the emoji", () => {
  it("are emoji, each once, with a name in both languages", () => {
    expect(new Set(all.map((e) => e.text)).size).toBe(all.length);
    for (const { text, en, zh } of all) {
      expect(text, en).toMatch(/^\p{Extended_Pictographic}/u);
      expect([...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text)], en).toHaveLength(1);
      expect(en, text).toMatch(/^[A-Za-z][\w -]*$/);
      expect(zh, text).toMatch(/\p{Script=Han}|OK/u);
    }
  });
  it("are found by words of either language", () => {
    expect(texts("rocket")).toEqual(["🚀"]);
    expect(texts("LAUNCH rock")).toEqual(["🚀"]);
    expect(texts("火箭")).toEqual(["🚀"]);
    expect(texts("no such thing")).toEqual([]);
    expect(texts("")).toHaveLength(all.length);
  });
});
