import { memo } from "react";
import { css } from "@emotion/react";
import { treeOf, type Node } from "./tree";

/** A message's text as elements. Nothing of it ever becomes markup. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return <div css={style}>{treeOf(text).map(render)}</div>;
});

function render(node: Node, i: number): React.ReactNode {
  switch (node.type) {
    case "text": return node.text;
    case "break": return <br key={i} />;
    case "code": return <code key={i}>{node.text}</code>;
    case "fence": return <pre key={i} tabIndex={0}><code>{node.text}</code></pre>;
    case "link":
      return (
        <a key={i} href={node.href} target="_blank" rel="noopener noreferrer nofollow ugc">
          {node.children.map(render)}
        </a>
      );
    case "ol": return <ol key={i} start={node.start}>{node.children.map(render)}</ol>;
    case "quote": return <blockquote key={i}>{node.children.map(render)}</blockquote>;
    default: {
      const Tag = node.type;
      return <Tag key={i}>{node.children.map(render)}</Tag>;
    }
  }
}

const style = css`
  p { white-space: pre-wrap; }
  p + p, p + ul, p + ol, ul + p, ol + p, pre + p, p + pre, blockquote + p { margin-top: 6px; }
  ul, ol { padding-left: 22px; }
  ul { list-style: disc; }
  ol { list-style: decimal; }
  code { padding: 1px 5px; border-radius: 4px; background: var(--bg-code); font: 0.88em/1.5 var(--mono); }
  pre {
    margin: 6px 0; padding: var(--s2) var(--s3); overflow-x: auto; border: 1px solid var(--line);
    border-radius: var(--r1); background: var(--bg-code);
  }
  pre code { padding: 0; background: none; white-space: pre; }
  blockquote { margin: 4px 0; padding-left: var(--s3); border-left: 3px solid var(--line-strong); color: var(--text-soft); }
`;
