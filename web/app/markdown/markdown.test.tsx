import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { Markdown } from "./Markdown";
import { plainText } from "./plain";
import { treeOf } from "./tree";

const html = (text: string) =>
  renderToStaticMarkup(<Markdown text={text} />)
    .replace(/<style[^>]*>.*?<\/style>/gs, "").replace(/^<div[^>]*>|<\/div>$/g, "");

describe("markdown", () => {
  it("knows bold, italic, code, quotes, lists and breaks", () => {
    expect(html("**a** _b_ `c`")).toBe("<p><strong>a</strong> <em>b</em> <code>c</code></p>");
    expect(html("> q")).toBe("<blockquote><p>q</p></blockquote>");
    expect(html("3. x\n4. y")).toMatch(/<ol start="3"><li><p>x<\/p><\/li><li><p>y<\/p><\/li><\/ol>/);
    expect(html("a\nb")).toBe("<p>a<br/>b</p>");
    expect(html("```\n<b>\n```")).toMatch(/<pre tabindex="0"><code>&lt;b&gt;<\/code><\/pre>/i);
  });
  it("links only to the web and to mail, and marks them", () => {
    expect(html("https://a.example/x")).toContain('href="https://a.example/x" target="_blank" rel="noopener noreferrer nofollow ugc"');
    expect(html("[x](mailto:a@b.c)")).toContain('href="mailto:a@b.c"');
  });
  it.each([
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))", "[x](java&#115;cript:alert(1))", "[x](data:text/html,x)", "[x](vbscript:x)",
    "<javascript:alert(1)>", "![x](https://a.example/x.png)", "[x](&#x6a;avascript:alert(1))",
  ])("never makes %s into markup", (text) => {
    expect(html(text)).not.toMatch(/<(script|img)|href="(?!https?:|mailto:)/i);
  });
  it("leaves headings, tables and rules as they were typed", () => {
    expect(html("# not a heading")).toBe("<p># not a heading</p>");
    expect(html("| a | b |\n| - | - |")).toContain("| a | b |");
  });
  it("keeps deep nesting within bounds", () => {
    expect(() => html(">".repeat(4000) + "x")).not.toThrow();
    expect(() => html("*".repeat(8000))).not.toThrow();
  });
  it("parses a text once", () => expect(treeOf("same *text*")).toBe(treeOf("same *text*")));
  it("gives the words alone", () => {
    expect(plainText("**a**\n- b\n- `c`\n\nhttps://x.example")).toBe("a b c https://x.example");
  });
});
