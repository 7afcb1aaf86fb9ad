import { useEffect } from "react";
import { css } from "@emotion/react";
import { useNavigate } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { useChat, useChatClient } from "~/features/chat/useChat";
import { Composer } from "~/features/composer/Composer";
import { IconLink } from "~/ui/Button";
import { ReplyList } from "./ReplyList";

export function ThreadPane({ channelId, messageId }: { channelId: string; messageId: number }) {
  const { t } = useI18n();
  const client = useChatClient();
  const navigate = useNavigate();
  const name = useChat((s) => s.channels[channelId]?.name ?? "");
  useEffect(() => client.openThread(channelId, messageId), [client, channelId, messageId]);

  const close = () => {
    void navigate(`/c/${channelId}`);
    document.querySelector<HTMLElement>('[data-region="composer"] textarea')?.focus();
  };
  return (
    <section
      css={pane} aria-label={t("thread.heading")}
      onKeyDown={(e) => { if (e.key === "Escape" && !e.defaultPrevented) close(); }}
    >
      <header css={bar}>
        <div css={css`flex: 1; min-width: 0;`}>
          <h2 css={css`font-size: 16px;`}>{t("thread.heading")}</h2>
          <p css={sub}>{t("thread.in", { name })}</p>
        </div>
        <IconLink icon="close" label={t("thread.close")} to={`/c/${channelId}`} />
      </header>
      <ReplyList channelId={channelId} messageId={messageId} />
      <Composer
        channelId={channelId} parentId={messageId} draftKey={`${channelId}.${messageId}`}
        label={t("composer.replyLabel")} region="thread-composer"
      />
      <div css={css`flex: none; height: calc(24px + env(safe-area-inset-bottom));`} />
    </section>
  );
}

const pane = css`
  display: flex; flex-direction: column; flex: none; width: clamp(320px, 32vw, 440px); min-height: 0;
  border-left: 1px solid var(--line); background: var(--bg);
  @media (max-width: 759px) { flex: 1; width: 100%; border: 0; }
`;
const bar = css`
  display: flex; align-items: center; flex: none; min-height: 56px; padding: 0 var(--s2) 0 var(--s5);
  border-bottom: 1px solid var(--line);
`;
const sub = css`font-size: 12px; line-height: 1.3; color: var(--text-soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap;`;
