import { useId } from "react";
import { css } from "@emotion/react";
import { Icon } from "./Icon";

export const inputStyle = css`
  width: 100%; min-height: 44px; padding: var(--s2) var(--s3);
  background: var(--bg-raised); color: var(--text);
  border: 1px solid var(--line-strong); border-radius: var(--r2);
  &::placeholder { color: var(--text-soft); opacity: 1; }
  &:focus-visible { outline-offset: 0; border-color: var(--focus); border-radius: var(--r2); }
  &[aria-invalid="true"] { border-color: var(--danger); }
`;
const label = css`display: block; margin-bottom: var(--s1); font-weight: 600; font-size: 14px;`;
const note = css`margin-top: var(--s1); font-size: 13px; color: var(--text-soft);`;
const problem = css`
  display: flex; align-items: center; gap: 6px;
  margin-top: var(--s1); font-size: 14px; color: var(--danger);
`;

export interface FieldProps extends React.ComponentProps<"input"> {
  label: string;
  hint?: string;
  error?: string;
  /** Inside the field, at its end. */
  end?: React.ReactNode;
}

export function Field({ label: text, hint, error, end, ...input }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div css={css`& + & { margin-top: var(--s4); }`}>
      <label htmlFor={id} css={label}>{text}</label>
      <div css={css`position: relative;`}>
        <input
          id={id}
          css={[inputStyle, end ? css`padding-right: 52px;` : null]}
          aria-invalid={error ? true : undefined}
          aria-describedby={described || undefined}
          {...input}
        />
        {end}
      </div>
      {hint && !error && <p id={`${id}-hint`} css={note}>{hint}</p>}
      {error && (
        <p id={`${id}-error`} css={problem}>
          <Icon name="alert" size={16} /> {error}
        </p>
      )}
    </div>
  );
}

/** What went wrong with a whole form; read out as it appears. */
export function Notice({ kind, children }: { kind: "error" | "info"; children: React.ReactNode }) {
  return (
    <p
      role={kind === "error" ? "alert" : "status"}
      css={css`
        display: flex; gap: var(--s2); align-items: flex-start;
        margin-bottom: var(--s4); padding: var(--s3); border-radius: var(--r2); font-size: 14px;
        background: ${kind === "error" ? "var(--bg-danger)" : "var(--bg-current)"};
        color: ${kind === "error" ? "var(--danger)" : "var(--text)"};
        svg { flex: none; margin-top: 2px; }
      `}
    >
      <Icon name={kind === "error" ? "alert" : "check"} />
      <span>{children}</span>
    </p>
  );
}
