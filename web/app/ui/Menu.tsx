import { useEffect, useId, useRef, useState } from "react";
import { css } from "@emotion/react";
import { Icon, type IconName } from "./Icon";
import { IconButton } from "./Button";

export interface MenuItem {
  icon: IconName;
  label: string;
  danger?: boolean;
  act: () => void;
}

const list = css`
  position: absolute; top: calc(100% + 4px); right: 0; z-index: 20; min-width: 220px;
  padding: var(--s1); background: var(--bg-raised);
  border: 1px solid var(--line); border-radius: var(--r2); box-shadow: var(--shadow);
`;
const entry = css`
  display: flex; align-items: center; gap: var(--s3); width: 100%; min-height: var(--target);
  padding: 0 var(--s3); border: 0; border-radius: var(--r1); background: none; text-align: left;
  &:hover, &:focus-visible { background: var(--bg-side-hover); }
  &:focus-visible { outline-offset: -2px; }
`;

export function Menu({ icon, label, items }: { icon: IconName; label: string; items: MenuItem[] }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const id = useId();
  const buttons = () => [...(root.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];

  useEffect(() => {
    if (!open) return;
    buttons()[0]?.focus();
    const outside = (e: PointerEvent) => {
      if (!root.current?.contains(e.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);

  const close = () => {
    setOpen(false);
    root.current?.querySelector<HTMLElement>("[aria-haspopup]")?.focus();
  };
  const onKeyDown = (e: React.KeyboardEvent) => {
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[e.key];
    if (e.key === "Escape") { e.stopPropagation(); close(); }
    else if (e.key === "Tab") setOpen(false);
    else if (to !== undefined) { e.preventDefault(); all.at(to % all.length)?.focus(); }
  };
  return (
    <div ref={root} css={css`position: relative;`}>
      <IconButton
        icon={icon} label={label} aria-haspopup="menu" aria-expanded={open}
        aria-controls={open ? id : undefined} onClick={() => setOpen(!open)}
      />
      {open && (
        <div id={id} role="menu" aria-label={label} css={list} onKeyDown={onKeyDown}>
          {items.map((item) => (
            <button
              key={item.label} type="button" role="menuitem" tabIndex={-1}
              css={[entry, item.danger && css`color: var(--danger);`]}
              onClick={() => { close(); item.act(); }}
            >
              <Icon name={item.icon} /> {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
