import { lazy, Suspense, useState } from "react";
import { useI18n } from "~/i18n/I18n";
import { IconButton } from "~/ui/Button";

// Fetched when first opened.
const EmojiPicker = lazy(() => import("~/features/emoji/EmojiPicker"));

/** Puts an emoji where the caret of `area` is, and gives the focus back to it. */
export function EmojiButton({ area, onChange }: {
  area: React.RefObject<HTMLTextAreaElement | null>;
  onChange: (text: string) => void;
}) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  const pick = (emoji: string) => {
    setOpen(false);
    const el = area.current;
    if (!el) return;
    el.setRangeText(emoji, el.selectionStart, el.selectionEnd, "end");
    onChange(el.value);
    requestAnimationFrame(() => el.focus()); // after the dialog gave it back to the button
  };
  return (
    <>
      <IconButton icon="smile" label={t("composer.emoji")} aria-haspopup="dialog" onClick={() => setOpen(true)} />
      {open && (
        <Suspense fallback={null}>
          <EmojiPicker onPick={pick} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
