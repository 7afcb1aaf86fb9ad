import { useLayoutEffect, useRef, useState } from "react";
import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { useChatClient } from "~/features/chat/useChat";
import { Icon } from "~/ui/Icon";
import { EmojiButton } from "./EmojiButton";
import { lastSent, readDraft, rememberSent, writeDraft } from "./drafts";
import { actOf } from "./keys";
import { bytesLeft } from "./limits";
import { useInitialFocus } from "./useInitialFocus";

interface Props {
  channelId: string;
  parentId?: number;
  draftKey: string;
  label: string;
  region: string;
  onSent?: () => void;
}

export function Composer({ channelId, parentId, draftKey, label, region, onSent }: Props) {
  const { t, count } = useI18n();
  const client = useChatClient();
  const area = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => readDraft(draftKey));
  const left = bytesLeft(text);
  const blank = text.trim() === "";
  const tooLong = left !== null && left < 0;
  useInitialFocus(area);

  // Grows with its text, up to what its style allows.
  useLayoutEffect(() => {
    const el = area.current;
    if (!el) return;
    el.style.height = "auto";
    el.style.height = `${el.scrollHeight}px`;
  }, [text]);

  const change = (next: string) => {
    setText(next);
    writeDraft(draftKey, next);
    if (next) client.typing(channelId);
  };
  const send = () => {
    if (blank || tooLong) return;
    client.send(channelId, text.trim(), parentId === undefined ? undefined : { parentId });
    rememberSent(draftKey, text.trim());
    change("");
    onSent?.();
  };
  const onKeyDown = (e: React.KeyboardEvent<HTMLTextAreaElement>) => {
    const act = actOf({ ...pick(e), isComposing: e.nativeEvent.isComposing }, text === "");
    const recalled = act === "recall" ? lastSent(draftKey) : undefined;
    if (act === "send") send();
    else if (recalled) change(recalled);
    // A thread closes; from the channel's composer one comes to its messages.
    else if (act === "leave" && parentId === undefined) document.querySelector<HTMLElement>('[data-region="messages"]')?.focus();
    else return;
    e.preventDefault();
  };
  const status = left === null ? "" : left < 0 ? count("composer.over", -left) : count("composer.left", left);
  return (
    <form css={form} data-region={region} tabIndex={-1} onSubmit={(e) => { e.preventDefault(); send(); }}>
      <div css={box}>
        <textarea
          ref={area} css={input} rows={1} value={text} aria-label={label} placeholder={label}
          enterKeyHint="send" data-region-focus="" aria-invalid={tooLong || undefined}
          onChange={(e) => change(e.target.value)} onKeyDown={onKeyDown}
        />
        <EmojiButton area={area} onChange={change} />
        <button type="submit" css={button} aria-label={t("composer.send")} title={t("composer.send")}
          aria-disabled={blank || tooLong}>
          <Icon name="send" />
        </button>
      </div>
      <p css={[note, tooLong && css`color: var(--danger);`]} role="status">{status}</p>
    </form>
  );
}

const pick = ({ key, shiftKey, altKey, ctrlKey, metaKey, keyCode }: React.KeyboardEvent) =>
  ({ key, shiftKey, altKey, ctrlKey, metaKey, keyCode });

const form = css`
  flex: none; padding: var(--s1) var(--s5) 0; &:focus { outline: none; }
  @media (max-width: 759px) { padding: var(--s1) var(--s3) 0; }
`;
const box = css`
  display: flex; align-items: flex-end; gap: var(--s1); padding: 3px;
  border: 1px solid var(--line-strong); border-radius: var(--r2); background: var(--bg-raised);
  &:focus-within { border-color: var(--focus); box-shadow: 0 0 0 1px var(--focus); }
`;
const input = css`
  flex: 1; min-width: 0; min-height: var(--target); max-height: 40dvh; padding: calc((var(--target) - 24px) / 2) var(--s3);
  border: 0; background: none; resize: none; line-height: 24px; font-size: 15px;
  &:focus-visible { outline: none; }
  &::placeholder { color: var(--text-soft); opacity: 1; }
  @media (max-width: 759px) { font-size: 16px; }
`;
const button = css`
  display: grid; place-items: center; flex: none; width: var(--target); height: var(--target);
  border: 0; border-radius: var(--r1); background: var(--accent); color: var(--on-accent);
  &[aria-disabled="true"] { background: none; color: var(--text-soft); cursor: default; }
`;
const note = css`font-size: 12px; color: var(--text-soft); text-align: right; &:empty { display: none; }`;
