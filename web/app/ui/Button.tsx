import { css } from "@emotion/react";
import { Link, type LinkProps } from "react-router";
import { Icon, type IconName } from "./Icon";

type Look = "primary" | "plain" | "danger" | "quiet";

const base = css`
  display: inline-flex; align-items: center; justify-content: center; gap: var(--s2);
  min-height: var(--target); padding: 0 var(--s4);
  border: 1px solid transparent; border-radius: var(--r2);
  font-weight: 600; text-decoration: none; white-space: nowrap;
  transition: background-color 120ms, border-color 120ms;
  &:disabled, &[aria-disabled="true"] { cursor: default; opacity: 0.6; }
`;
const looks = {
  primary: css`
    background: var(--accent); color: var(--on-accent);
    &:hover:not(:disabled) { background: var(--accent-strong); }
  `,
  plain: css`
    background: var(--bg-raised); color: var(--text); border-color: var(--line);
    &:hover:not(:disabled) { background: var(--bg-hover); border-color: var(--line-strong); }
  `,
  danger: css`
    background: var(--danger); color: light-dark(#fff, #2b0a07);
    &:hover:not(:disabled) { filter: brightness(1.08); }
  `,
  quiet: css`
    background: none; color: var(--accent); padding: 0 var(--s2);
    &:hover:not(:disabled) { text-decoration: underline; }
  `,
};
const small = css`min-height: var(--target-compact); padding: 0 var(--s3); font-size: 14px;`;

interface Props extends React.ComponentProps<"button"> {
  look?: Look;
  compact?: boolean;
}

export function Button({ look = "plain", compact, type = "button", ...rest }: Props) {
  return <button type={type} css={[base, looks[look], compact && small]} {...rest} />;
}

export function ButtonLink({ look = "plain", compact, ...rest }: LinkProps & { look?: Look; compact?: boolean }) {
  return <Link css={[base, looks[look], compact && small]} {...rest} />;
}

const square = css`
  display: inline-grid; place-items: center; flex: none;
  width: var(--target); height: var(--target); padding: 0;
  border: 0; border-radius: var(--r1); background: none; color: var(--text-soft);
  &:hover { background: var(--bg-side-hover); color: var(--text); }
`;

interface IconButtonProps extends React.ComponentProps<"button"> {
  icon: IconName;
  label: string;
}

export function IconButton({ icon, label, ...rest }: IconButtonProps) {
  return (
    <button type="button" css={square} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}

export function IconLink({ icon, label, ...rest }: LinkProps & { icon: IconName; label: string }) {
  return (
    <Link css={square} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </Link>
  );
}
