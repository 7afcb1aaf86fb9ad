import { css } from "@emotion/react";
import { useI18n } from "~/i18n/I18n";
import { useChat, useChatClient } from "~/features/chat/useChat";
import { Button } from "~/ui/Button";

/** Over the top of the list, so that it moves nothing: how the loading of older messages goes. */
export function OlderStatus({ channelId }: { channelId: string }) {
  const { t } = useI18n();
  const client = useChatClient();
  const loading = useChat((s) => s.channels[channelId]?.loading.older ?? false);
  const failed = useChat((s) => Boolean(s.channels[channelId]?.loadError));
  if (!loading && !failed) return null;
  return (
    <div css={pill} role="status">
      {t(failed ? "messages.loadError" : "messages.loadingOlder")}
      {failed && !loading && (
        <Button look="quiet" css={css`min-height: var(--target-compact); font-size: 13px;`}
          onClick={() => void client.loadOlder(channelId)}>
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}

const pill = css`
  position: absolute; top: var(--s2); left: 50%; translate: -50% 0; z-index: 5;
  display: flex; align-items: center; min-height: 32px; padding: 0 var(--s3); white-space: nowrap;
  border: 1px solid var(--line); border-radius: 18px; background: var(--bg-raised);
  color: var(--text-soft); font-size: 13px;
`;
