import { isSafeLink, parse } from "./parser";

/** A message as a tree of what it may contain. */
export type Node =
  | { type: "text"; text: string }
  | { type: "break" }
  | { type: "code"; text: string }
  | { type: "fence"; text: string }
  | { type: "strong" | "em" | "p" | "quote" | "ul" | "li"; children: Node[] }
  | { type: "ol"; start: number; children: Node[] }
  | { type: "link"; href: string; children: Node[] };

const containers: Record<string, "strong" | "em" | "p" | "quote" | "ul" | "li"> = {
  strong_open: "strong", em_open: "em", paragraph_open: "p", blockquote_open: "quote",
  bullet_list_open: "ul", list_item_open: "li",
};

type Tokens = ReturnType<typeof parse>;

function build(tokens: Tokens): Node[] {
  const root: Node[] = [];
  const open: Node[][] = [root];
  const here = () => open[open.length - 1]!;
  const enter = (node: Extract<Node, { children: Node[] }>) => {
    here().push(node);
    open.push(node.children);
  };
  for (const token of tokens) {
    const container = containers[token.type];
    if (container) enter({ type: container, children: [] });
    else if (token.type === "ordered_list_open") {
      enter({ type: "ol", start: Number(token.attrGet("start") ?? 1), children: [] });
    } else if (token.type === "link_open") {
      const href = token.attrGet("href") ?? "";
      enter(isSafeLink(href) ? { type: "link", href, children: [] } : { type: "em", children: [] });
    } else if (token.nesting < 0) open.pop();
    else if (token.type === "inline") here().push(...build(token.children ?? []));
    else if (token.type === "softbreak" || token.type === "hardbreak") here().push({ type: "break" });
    else if (token.type === "code_inline") here().push({ type: "code", text: token.content });
    else if (token.type === "fence" || token.type === "code_block") {
      here().push({ type: "fence", text: token.content.replace(/\n$/, "") });
    } else if (token.content) here().push({ type: "text", text: token.content });
  }
  return root;
}

const CACHE_MAX = 2000;
const cache = new Map<string, Node[]>();

/** Parsed once while it is among the last used. */
export function treeOf(text: string): Node[] {
  let tree = cache.get(text);
  if (tree) cache.delete(text);
  else tree = build(parse(text));
  cache.set(text, tree);
  if (cache.size > CACHE_MAX) cache.delete(cache.keys().next().value!);
  return tree;
}
