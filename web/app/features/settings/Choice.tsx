import { css } from "@emotion/react";

interface Props<T extends string> {
  legend: string;
  name: string;
  value: T;
  options: readonly { value: T; label: string; lang?: string }[];
  onChange: (value: T) => void;
}

/** One of a few, all of them in view. */
export function Choice<T extends string>({ legend, name, value, options, onChange }: Props<T>) {
  return (
    <fieldset css={css`margin: 0; padding: 0; border: 0; min-width: 0;`}>
      <legend css={css`padding: 0; margin-bottom: var(--s2); font-weight: 600;`}>{legend}</legend>
      <div css={row}>
        {options.map((o) => (
          <label key={o.value} lang={o.lang} css={option}>
            <input
              type="radio" name={name} value={o.value} checked={o.value === value}
              onChange={() => onChange(o.value)} css={css`margin: 0; accent-color: var(--accent);`}
            />
            {o.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

const row = css`display: flex; flex-wrap: wrap; gap: var(--s2);`;
const option = css`
  display: flex; align-items: center; gap: var(--s2); min-height: var(--target); padding: 0 var(--s3);
  border: 1px solid var(--line); border-radius: var(--r2); cursor: pointer;
  &:hover { border-color: var(--line-strong); }
  &:has(:checked) { border-color: var(--accent); background: var(--bg-current); }
`;
