import MarkdownIt from "markdown-it";
import type Token from "markdown-it/lib/token.mjs";

// Only what a conversation needs; the rest stays as it was typed.
const parser = new MarkdownIt("zero", { html: false, linkify: true, breaks: true }).enable([
  "emphasis", "backticks", "fence", "blockquote", "list", "link", "linkify", "newline", "escape",
  "autolink", "balance_pairs",
]);

/** Web pages and mail addresses; nothing that runs. */
export function isSafeLink(href: string): boolean {
  return /^(https?:\/\/|mailto:)/i.test(href);
}
parser.validateLink = isSafeLink;
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: true });

export const parse = (text: string): Token[] => parser.parse(text, {});
