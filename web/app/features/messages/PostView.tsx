import { css } from "@emotion/react";
import { Link, useNavigate } from "react-router";
import type { Message } from "~/realtime/types";
import { useI18n } from "~/i18n/I18n";
import { Markdown } from "~/markdown/Markdown";
import { useAnnounce } from "~/ui/Announcer";
import { IconButton, IconLink } from "~/ui/Button";
import { Icon } from "~/ui/Icon";
import { PostFrame } from "./PostFrame";

export function PostView({ post, first, isWanted }: { post: Message; first: boolean; isWanted: boolean }) {
  const { t, count } = useI18n();
  const announce = useAnnounce();
  const navigate = useNavigate();
  const thread = `/c/${post.channelId}/t/${post.id}`;
  const copy = async () => {
    await navigator.clipboard.writeText(`${location.origin}/c/${post.channelId}?m=${post.id}`);
    announce(t("messages.copied"));
  };
  return (
    <PostFrame
      authorId={post.authorId} author={post.authorName} time={Date.parse(post.createdAt)}
      first={first} wanted={isWanted} onOpen={() => void navigate(thread)}
      actions={
        <>
          <IconLink icon="reply" label={t("messages.reply")} to={thread} />
          <IconButton icon="link" label={t("messages.copyLink")} onClick={() => void copy()} />
        </>
      }
    >
      <Markdown text={post.text} />
      {post.replyCount > 0 && (
        <Link to={thread} css={replies}>
          <Icon name="reply" size={15} /> {count("messages.replies", post.replyCount)}
        </Link>
      )}
    </PostFrame>
  );
}

const replies = css`
  display: inline-flex; align-items: center; gap: 6px; min-height: 30px; margin: 2px 0 2px -8px; padding: 0 8px;
  border-radius: var(--r1); font-size: 13px; font-weight: 600; text-decoration: none;
  &:hover { background: var(--bg-current); }
  @media (pointer: coarse) { min-height: 44px; }
`;
