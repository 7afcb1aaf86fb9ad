import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { countKey, digits, fill } from "~/i18n/catalogue";
import { en } from "~/i18n/en";
import { languageOf, languageOfRequest, languages } from "~/i18n/language";
import { zhHant } from "~/i18n/zh-Hant";

const app = join(import.meta.dirname, "../app");
const sources = readdirSync(app, { recursive: true, encoding: "utf8" })
  .filter((f) => /\.tsx?$/.test(f) && !/\.test\.|^realtime|^i18n/.test(f));
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

describe("catalogues", () => {
  it("have the same keys and the same blanks", () => {
    expect(Object.keys(zhHant).sort()).toEqual(Object.keys(en).sort());
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(placeholders(zhHant[key]), key).toEqual(placeholders(en[key]));
      expect(zhHant[key].trim(), key).not.toBe("");
    }
  });

  it("hold no word that no page says", () => {
    const all = sources.map((f) => readFileSync(join(app, f), "utf8")).join("\n");
    const asked = [...all.matchAll(/\b(?:t|count)\(([^()]*)/g)].map((m) => m[1]).join("\n");
    const patterns = [...asked.matchAll(/`((?:[\w.]|\$\{[^}]+\})+)`/g)].map(
      (m) => new RegExp(`^${m[1]!.replace(/[.]/g, "\\.").replace(/\$\{[^}]+\}/g, "[\\w-]+")}$`));
    const unused = Object.keys(en).filter((key) => {
      const base = key.replace(/_(one|other)$/, "");
      return !all.includes(`"${base}"`) && !patterns.some((p) => p.test(base));
    });
    expect(unused).toEqual([]);
  });

  it("hold every word that a page says", () => {
    const loose: string[] = [];
    for (const file of sources.filter((f) => f.endsWith(".tsx"))) {
      const source = ts.createSourceFile(file, readFileSync(join(app, file), "utf8"), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
      const visit = (node: ts.Node) => {
        if (ts.isJsxText(node) && /\p{L}{2,}/u.test(node.text)) loose.push(`${file}: ${node.text.trim()}`);
        if (ts.isJsxAttribute(node) && /^(title|placeholder|aria-label|alt|label|hint|heading)$/.test(node.name.getText()) &&
            node.initializer && ts.isStringLiteral(node.initializer)) loose.push(`${file}: ${node.initializer.text}`);
        ts.forEachChild(node, visit);
      };
      visit(source);
    }
    expect(loose).toEqual([]);
  });

  it("fill blanks and choose forms", () => {
    expect(fill("{a} and {b}", { a: "x", b: 2 })).toBe("x and 2");
    expect(countKey("en", "messages.replies", 1)).toBe("messages.replies_one");
    expect(countKey("zh-Hant", "messages.replies", 1)).toBe("messages.replies_other");
    for (const lang of languages) {
      for (const n of [0, 1, 2, 3, 5, 11, 21, 100, 101]) {
        const form = new Intl.PluralRules(lang).select(n) === "one" ? "one" : "other";
        expect(countKey(lang, "nav.unread", n)).toBe(`nav.unread_${form}`);
      }
      for (const n of [0, 7, 999, 1000, 123456]) expect(digits(lang, n)).toBe(n.toLocaleString(lang));
    }
  });

  it("are chosen by what the reader asks for", () => {
    expect(languageOf(["fr", "zh-TW"])).toBe("zh-Hant");
    expect(languageOf(["fr"])).toBe("en");
    const asked = (headers: Record<string, string>) => languageOfRequest(new Headers(headers));
    expect(asked({ "accept-language": "en;q=0.3, zh-HK;q=0.9" })).toBe("zh-Hant");
    expect(asked({ "accept-language": "zh", cookie: "a=b; parley_lang=en" })).toBe("en");
    expect(asked({ cookie: "parley_lang=<script>" })).toBe("en");
  });
});
