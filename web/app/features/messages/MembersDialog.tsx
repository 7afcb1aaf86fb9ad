import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import type { Member } from "~/realtime/types";
import { Avatar } from "~/ui/Avatar";
import { Dialog } from "~/ui/Dialog";

export function MembersDialog({ name, members, onClose }: {
  name: string;
  members: readonly Member[];
  onClose: () => void;
}) {
  const { t, lang } = useI18n();
  const sorted = [...members].sort(
    (a, b) => Number(b.online) - Number(a.online) || a.name.localeCompare(b.name, lang),
  );
  return (
    <Dialog title={t("channel.membersHeading", { name })} onClose={onClose}>
      <ul>
        {sorted.map((m) => (
          <li key={m.id} css={row}>
            <Avatar id={m.id} name={m.name} size={32} online={m.online} />
            <span css={css`flex: 1; min-width: 0;`}>{m.name}</span>
            <span css={css`color: var(--text-soft); font-size: 13px;`}>
              {t(m.online ? "channel.statusOnline" : "channel.statusOffline")}
            </span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

const row = css`display: flex; align-items: center; gap: var(--s3); min-height: 48px;`;
