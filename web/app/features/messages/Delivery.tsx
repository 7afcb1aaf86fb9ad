import { css } from "@emotion/react";
import type { OutboxEntry } from "~/realtime/types";
import { useI18n } from "~/i18n/I18n";
import { useChatClient } from "~/features/chat/useChat";
import { Button } from "~/ui/Button";
import { Icon } from "~/ui/Icon";

/** Below a message that is on its way, or that was refused. */
export function Delivery({ entry }: { entry: OutboxEntry }) {
  const { t } = useI18n();
  const client = useChatClient();
  if (entry.status === "pending") return <span className="sr-only">{t("messages.pending")}</span>;
  return (
    <div css={refused} role="alert">
      <Icon name="alert" size={15} />
      {entry.error?.message ? t("messages.failedWhy", { reason: entry.error.message }) : t("messages.failed")}
      <Button look="quiet" css={inline} onClick={() => client.retry(entry.clientMsgId)}>
        {t("common.retry")}
      </Button>
      <Button look="quiet" css={inline} onClick={() => client.discard(entry.clientMsgId)}>
        {t("common.delete")}
      </Button>
    </div>
  );
}

const refused = css`
  display: flex; flex-wrap: wrap; align-items: center; gap: 6px; font-size: 13px; color: var(--danger);
`;
const inline = css`min-height: var(--target-compact); font-size: 13px;`;
