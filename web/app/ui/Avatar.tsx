import { css } from "@emotion/react";

// Hues that keep their letter readable in both themes; a person keeps theirs.
const hues = [165, 205, 245, 285, 330, 20, 45, 95] as const;

function hueOf(id: string): number {
  let sum = 0;
  for (const c of id) sum = (sum * 31 + c.charCodeAt(0)) >>> 0;
  return hues[sum % hues.length]!;
}

interface Props {
  id: string;
  name: string;
  size?: number;
  online?: boolean;
}

/** Decoration: the name stands beside it. */
export function Avatar({ id, name, size = 36, online }: Props) {
  const letter = [...name.trim()][0]?.toLocaleUpperCase() ?? "?";
  return (
    <span aria-hidden="true" data-size={size} data-hue={hueOf(id)} css={circle}>
      {letter}
      {online && <i data-online="" />}
    </span>
  );
}

const tint = (h: number) => `&[data-hue="${h}"] {
  background: light-dark(hsl(${h} 42% 88%), hsl(${h} 28% 27%));
  color: light-dark(hsl(${h} 60% 22%), hsl(${h} 55% 86%));
}`;
const circle = css`
  position: relative; display: inline-grid; place-items: center; flex: none;
  width: 36px; height: 36px; border-radius: 30%; font-size: 15px; font-weight: 650; user-select: none;
  &[data-size="32"] { width: 32px; height: 32px; font-size: 14px; }
  ${hues.map(tint).join("")}
  i {
    position: absolute; right: -3px; bottom: -3px; width: 11px; height: 11px;
    border-radius: 50%; background: var(--online); border: 2px solid var(--bg);
  }
`;
