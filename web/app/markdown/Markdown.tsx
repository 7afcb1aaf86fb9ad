import { memo } from "react";
import { css } from "@emotion/react";
import { treeOf, type Node } from "./tree";

/** A message's text as elements. Nothing of it ever becomes markup. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return <div css={style}>{treeOf(text).map((node, i) => render(node, i, "auto"))}</div>;
});

const inner = (nodes: readonly Node[]) => nodes.map((node, i) => render(node, i));

/** `dir`: a block is read from its own first letter's side, whatever the language of the pages. */
function render(node: Node, i: number, dir?: "auto"): React.ReactNode {
  switch (node.type) {
    case "text": return node.text;
    case "break": return <br key={i} />;
    case "code": return <code key={i}>{node.text}</code>;
    case "fence": return <pre key={i} tabIndex={0}><code>{node.text}</code></pre>;
    case "link":
      return (
        <a key={i} href={node.href} target="_blank" rel="noopener noreferrer nofollow ugc">
          {inner(node.children)}
        </a>
      );
    case "ol": return <ol key={i} dir={dir} start={node.start}>{inner(node.children)}</ol>;
    case "quote": return <blockquote key={i} dir={dir}>{inner(node.children)}</blockquote>;
    default: {
      const Tag = node.type;
      return <Tag key={i} dir={dir}>{inner(node.children)}</Tag>;
    }
  }
}

const style = css`
  p { white-space: pre-wrap; }
  p + p, p + ul, p + ol, ul + p, ol + p, pre + p, p + pre, blockquote + p { margin-top: 6px; }
  ul, ol { padding-inline-start: 22px; }
  ul { list-style: disc; }
  ol { list-style: decimal; }
  code { padding: 1px 5px; border-radius: 4px; background: var(--bg-code); font: 0.88em/1.5 var(--mono); }
  pre {
    margin: 6px 0; padding: var(--s2) var(--s3); overflow-x: auto; border: 1px solid var(--line);
    border-radius: var(--r1); background: var(--bg-code);
  }
  pre code { padding: 0; background: none; white-space: pre; }
  blockquote { margin: 4px 0; padding-inline-start: var(--s3); border-inline-start: 3px solid var(--line-strong); color: var(--text-soft); }
`;
