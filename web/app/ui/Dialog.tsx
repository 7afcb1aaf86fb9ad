import { useEffect, useId, useRef } from "react";
import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { IconButton } from "./Button";

const sheet = css`
  width: min(520px, calc(100vw - 32px)); max-height: min(80dvh, 720px);
  padding: 0; border: 1px solid var(--line); border-radius: var(--r3);
  background: var(--bg-raised); box-shadow: var(--shadow); overflow: hidden;
  &[open] { display: flex; flex-direction: column; }
  @media (max-width: 759px) {
    width: 100%; max-width: none; max-height: 88dvh; margin: auto 0 0;
    border-radius: var(--r3) var(--r3) 0 0; border-width: 1px 0 0;
    padding-bottom: env(safe-area-inset-bottom);
  }
`;

interface Props {
  title: string;
  onClose: () => void;
  children: React.ReactNode;
  /** Without the bar: the content has its own heading or field. */
  bare?: boolean;
}

/** The browser's own modal dialog: it traps focus, closes on Esc, and gives focus back. */
export function Dialog({ title, onClose, children, bare }: Props) {
  const { t } = useI18n();
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    // Not where that would open a keyboard over the dialog.
    if (window.matchMedia("(pointer: fine)").matches) dialog?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      css={sheet}
      aria-labelledby={id}
      onCancel={(e) => { e.preventDefault(); onClose(); }}
      onClick={(e) => { if (e.target === ref.current) onClose(); }}
    >
      <div css={bare ? undefined : bar}>
        <h2 id={id} className={bare ? "sr-only" : undefined} css={css`font-size: 18px;`}>{title}</h2>
        {!bare && <IconButton icon="close" label={t("common.close")} onClick={onClose} />}
      </div>
      <div css={bare ? css`display: contents;` : body} tabIndex={bare ? undefined : -1}>{children}</div>
    </dialog>
  );
}

const bar = css`
  display: flex; align-items: center; justify-content: space-between;
  padding: var(--s3) var(--s3) var(--s2) var(--s5);
`;
const body = css`padding: 0 var(--s5) var(--s5); overflow-y: auto; &:focus { outline: none; }`;
