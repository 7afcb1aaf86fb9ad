import { useEffect } from "react";
import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { useChat, useChatClient } from "~/features/chat/useChat";
import { Button } from "~/ui/Button";

/** Messages that are known to be missing here: fetched when seen, by hand if that failed. */
export function Gap({ channelId, afterSeq }: { channelId: string; afterSeq: number }) {
  const { t } = useI18n();
  const client = useChatClient();
  const failed = useChat((s) => Boolean(s.channels[channelId]?.loadError));
  useEffect(() => void client.fillGap(channelId, afterSeq), [client, channelId, afterSeq]);
  return (
    <div css={box}>
      {failed ? t("messages.gap") : t("messages.loadingOlder")}
      {failed && (
        <Button look="quiet" onClick={() => void client.fillGap(channelId, afterSeq)}>
          {t("messages.fillGap")}
        </Button>
      )}
    </div>
  );
}

const box = css`
  display: flex; align-items: center; justify-content: center; gap: var(--s2); min-height: 56px;
  color: var(--text-soft); font-size: 14px;
`;
