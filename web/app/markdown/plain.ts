import { treeOf, type Node } from "./tree";

function words(node: Node): string {
  switch (node.type) {
    case "text":
    case "code":
    case "fence":
      return node.text;
    case "break":
      return " ";
    default: {
      const inner = node.children.map(words).join("");
      return node.type === "p" || node.type === "li" || node.type === "quote" ? `${inner} ` : inner;
    }
  }
}

/** A message's words without its marks: for notices and for reading out. */
export const plainText = (text: string): string =>
  treeOf(text).map(words).join(" ").replace(/\s+/g, " ").trim();
