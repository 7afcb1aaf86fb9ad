// Stands in for the package `entities` under markdown-it: its table of 2,231 names weighs more than
// the rest of the parser, and the rule that would use it on texts is off here. What remains are
// references inside the address of a link.
const names: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

export function decodeHTML(text: string): string {
  return text.replace(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name) return names[name] ?? whole;
    const code = hex ? parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
      ? String.fromCodePoint(code)
      : "\ufffd";
  });
}

/** Only with their semicolon here in any case. */
export const decodeHTMLStrict = decodeHTML;
