import { css } from "@emotion/react";

const isMac = () => typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

const names: Record<string, [string, string]> = {
  mod: ["Ctrl", "⌘"],
  alt: ["Alt", "⌥"],
  shift: ["Shift", "⇧"],
};

/** Keys as they are written on the reader's keyboard. */
export function Keys({ keys }: { keys: readonly string[] }) {
  return (
    <span css={css`display: inline-flex; gap: 3px;`}>
      {keys.map((key) => (
        <kbd key={key} css={cap} suppressHydrationWarning>{names[key]?.[isMac() ? 1 : 0] ?? key}</kbd>
      ))}
    </span>
  );
}

const cap = css`
  min-width: 22px; padding: 0 6px; text-align: center; font: 500 12px/20px var(--font);
  color: var(--text-soft); background: var(--bg-side); border: 1px solid var(--line); border-radius: 5px;
`;
