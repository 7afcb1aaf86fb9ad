import { useEffect, useLayoutEffect, useRef } from "react";
import { css } from "@emotion/react";
import { useNavigate } from "react-router";
import { useI18n } from "~/i18n/I18n";
import { threadItems } from "~/realtime/selectors";
import { useChat, useChatClient } from "~/features/chat/useChat";
import { Composer } from "~/features/composer/Composer";
import { PostFrame } from "~/features/messages/PostFrame";
import { useMe } from "~/features/shell/me";
import { Markdown } from "~/markdown/Markdown";
import { Button, IconLink } from "~/ui/Button";
import { isGrouped } from "./grouping";
import { ReplyView } from "./ReplyView";
import { useRoot } from "./useRoot";

export function ThreadPane({ channelId, messageId }: { channelId: string; messageId: number }) {
  const { t } = useI18n();
  const client = useChatClient();
  const navigate = useNavigate();
  const me = useMe();
  const scroller = useRef<HTMLDivElement>(null);
  const name = useChat((s) => s.channels[channelId]?.name ?? "");
  const items = useChat((s) => threadItems(s, messageId));
  const root = useRoot(channelId, messageId);
  const hasOlder = useChat((s) => s.threads[String(messageId)]?.hasOlder ?? false);
  const loading = useChat((s) => s.threads[String(messageId)]?.loading ?? true);
  useEffect(() => client.openThread(channelId, messageId), [client, channelId, messageId]);
  const last = items.at(-1)?.key;
  useLayoutEffect(() => {
    if (last) scroller.current?.scrollTo(0, scroller.current.scrollHeight);
  }, [last]);

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
      <div ref={scroller} css={scroll} data-region="thread" data-testid="thread" tabIndex={0}
        role="region" aria-label={t("thread.replies")}>
        {root && (
          <div css={rootStyle}>
            <PostFrame authorId={root.authorId} author={root.authorName} time={Date.parse(root.createdAt)} first>
              <Markdown text={root.text} />
            </PostFrame>
          </div>
        )}
        {hasOlder && (
          <Button look="quiet" disabled={loading} onClick={() => void client.loadOlderReplies(messageId)}>
            {t("thread.older")}
          </Button>
        )}
        {items.map((item, i) => (
          <ReplyView key={item.key} item={item} first={!isGrouped(items, i, me.id)} />
        ))}
        {!loading && items.length === 0 && <p css={none}>{t("thread.none")}</p>}
      </div>
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
const scroll = css`flex: 1; min-height: 0; overflow-y: auto; padding-bottom: var(--s3); &:focus-visible { outline-offset: -2px; }`;
const rootStyle = css`padding: var(--s2) 0 var(--s4); margin-bottom: var(--s1); border-bottom: 1px solid var(--line);`;
const none = css`padding: var(--s5); text-align: center; color: var(--text-soft); font-size: 14px;`;
