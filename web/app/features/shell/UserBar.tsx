import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { Avatar } from "~/ui/Avatar";
import { IconButton } from "~/ui/Button";
import { useMe } from "./me";
import { openOverlay } from "./overlay";

export function UserBar() {
  const { t } = useI18n();
  const me = useMe();
  return (
    <footer css={bar}>
      <Avatar id={me.id} name={me.name} size={32} />
      <div css={css`flex: 1; min-width: 0;`}>
        <div css={[clip, css`font-weight: 600; line-height: 1.3;`]}>{me.name}</div>
        <div css={[clip, css`font-size: 12px; line-height: 1.3; color: var(--text-soft);`]}>{me.email}</div>
      </div>
      <IconButton icon="settings" label={t("nav.settings")} onClick={() => openOverlay("settings")} />
    </footer>
  );
}

const bar = css`
  display: flex; align-items: center; gap: var(--s3); padding: var(--s2) var(--s3);
  padding-bottom: max(var(--s2), env(safe-area-inset-bottom)); border-top: 1px solid var(--line);
`;
const clip = css`overflow: hidden; text-overflow: ellipsis; white-space: nowrap;`;
