import { css } from "@emotion/react";

/** A page or pane with nothing in it yet: says so, and offers what to do next. */
export function Empty({ art, heading, text, children }: {
  art: React.ReactNode;
  heading: string;
  text?: string;
  children?: React.ReactNode;
}) {
  return (
    <div css={box}>
      {art}
      <h1 css={css`font-size: 22px; margin-top: var(--s4);`}>{heading}</h1>
      {text && <p css={css`margin-top: var(--s2); color: var(--text-soft);`}>{text}</p>}
      {children && <div css={actions}>{children}</div>}
    </div>
  );
}

const box = css`
  display: flex; flex-direction: column; align-items: center; justify-content: center;
  flex: 1; min-height: 0; width: 100%; max-width: 460px; margin: 0 auto; padding: var(--s6) var(--s5);
  text-align: center;
`;
const actions = css`
  display: flex; flex-wrap: wrap; justify-content: center; gap: var(--s3); margin-top: var(--s5);
`;
