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
    <span aria-hidden="true" data-size={size} css={[circle, sizes[size] ?? sizes[36], tints[hueOf(id)]]}>
      {letter}
      {online && <span css={dot} />}
    </span>
  );
}

const circle = css`
  position: relative; display: inline-grid; place-items: center; flex: none;
  border-radius: 30%; font-weight: 650; user-select: none;
`;
const sizes: Record<number, ReturnType<typeof css>> = {
  24: css`width: 24px; height: 24px; font-size: 12px;`,
  32: css`width: 32px; height: 32px; font-size: 14px;`,
  36: css`width: 36px; height: 36px; font-size: 15px;`,
};
const tints = Object.fromEntries(
  hues.map((h) => [
    h,
    css`
      background: light-dark(hsl(${h} 42% 88%), hsl(${h} 28% 27%));
      color: light-dark(hsl(${h} 60% 22%), hsl(${h} 55% 86%));
    `,
  ]),
);
const dot = css`
  position: absolute; right: -3px; bottom: -3px; width: 11px; height: 11px;
  border-radius: 50%; background: var(--online); border: 2px solid var(--bg);
`;
