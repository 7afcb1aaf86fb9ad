import { css } from "@emotion/react";
import { Link, useNavigate } from "react-router";
import type { Message, TimelineItem } from "~/realtime/types";
import { useI18n } from "~/i18n/I18n";
import { useMe } from "~/features/shell/me";
import { Markdown } from "~/markdown/Markdown";
import { Icon } from "~/ui/Icon";
import { Delivery } from "./Delivery";
import { PostFrame } from "./PostFrame";
import { PostTools } from "./PostTools";

interface Props {
  item: Exclude<TimelineItem, { kind: "gap" }>;
  first: boolean;
  isWanted: boolean;
}

/** A message of the list. One that is acknowledged stays the same element: focus stays on it. */
export function PostView({ item, first, isWanted }: Props) {
  const me = useMe();
  const navigate = useNavigate();
  if (item.kind === "outgoing") {
    const { entry } = item;
    return (
      <PostFrame authorId={me.id} author={me.name} time={entry.createdAt} first={first}
        dim={entry.status === "pending"}>
        <Markdown text={entry.text} />
        <Delivery entry={entry} />
      </PostFrame>
    );
  }
  const post = item.message;
  const thread = `/c/${post.channelId}/t/${post.id}`;
  return (
    <PostFrame
      authorId={post.authorId} author={post.authorName} time={Date.parse(post.createdAt)}
      first={first} wanted={isWanted} onOpen={() => void navigate(thread)}
      actions={<PostTools channelId={post.channelId} id={post.id} thread={thread} />}
    >
      <Markdown text={post.text} />
      {post.replyCount > 0 && <Replies post={post} thread={thread} />}
    </PostFrame>
  );
}

function Replies({ post, thread }: { post: Message; thread: string }) {
  const { count } = useI18n();
  return (
    <Link to={thread} css={replies}>
      <Icon name="reply" size={15} /> {count("messages.replies", post.replyCount)}
    </Link>
  );
}

const replies = css`
  display: inline-flex; align-items: center; gap: 6px; min-height: var(--target-compact); margin: 2px 0 2px -8px; padding: 0 8px;
  border-radius: var(--r1); font-size: 13px; font-weight: 600; text-decoration: none;
  &:hover { background: var(--bg-current); }
`;
