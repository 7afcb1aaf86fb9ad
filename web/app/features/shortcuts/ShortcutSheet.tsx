import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { Dialog } from "~/ui/Dialog";
import { Keys } from "./Keys";
import { sheet } from "./keymap";

export default function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Dialog title={t("shortcuts.title")} onClose={onClose}>
      <dl css={css`margin: 0;`}>
        {sheet.map(({ label, keys }) => (
          <div key={label} css={row}>
            <dt>{t(label)}</dt>
            <dd css={css`display: flex; gap: var(--s2); margin: 0;`}>
              {keys.map((combination) => <Keys key={combination.join()} keys={combination} />)}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

const row = css`
  display: flex; align-items: center; justify-content: space-between; gap: var(--s4);
  min-height: 38px; border-bottom: 1px solid var(--line);
  &:last-of-type { border: 0; }
`;
