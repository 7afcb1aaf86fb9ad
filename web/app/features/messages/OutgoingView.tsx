import { css } from "@emotion/react";
import type { OutboxEntry } from "~/realtime/types";
import { useI18n } from "~/i18n/I18n";
import { useChatClient } from "~/features/chat/useChat";
import { useMe } from "~/features/shell/me";
import { Markdown } from "~/markdown/Markdown";
import { Button } from "~/ui/Button";
import { Icon } from "~/ui/Icon";
import { PostFrame } from "./PostFrame";

/** A message on its way, or one that was refused. */
export function OutgoingView({ entry, first }: { entry: OutboxEntry; first: boolean }) {
  const { t } = useI18n();
  const me = useMe();
  const client = useChatClient();
  const failed = entry.status === "failed";
  return (
    <PostFrame authorId={me.id} author={me.name} time={entry.createdAt} first={first} dim={!failed}>
      <Markdown text={entry.text} />
      {failed ? (
        <div css={refused} role="alert">
          <Icon name="alert" size={15} />
          {entry.error?.message ? t("messages.failedWhy", { reason: entry.error.message }) : t("messages.failed")}
          <Button look="quiet" css={inline} onClick={() => client.retry(entry.clientMsgId)}>{t("common.retry")}</Button>
          <Button look="quiet" css={inline} onClick={() => client.discard(entry.clientMsgId)}>{t("common.delete")}</Button>
        </div>
      ) : (
        <span className="sr-only">{t("messages.pending")}</span>
      )}
    </PostFrame>
  );
}

const refused = css`display: flex; flex-wrap: wrap; align-items: center; gap: 6px; font-size: 13px; color: var(--danger);`;
const inline = css`min-height: 30px; font-size: 13px; @media (pointer: coarse) { min-height: 44px; }`;
