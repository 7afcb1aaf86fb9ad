import type { ThreadItem } from "~/realtime/types";
import { useMe } from "~/features/shell/me";
import { Delivery } from "~/features/messages/Delivery";
import { PostFrame } from "~/features/messages/PostFrame";
import { Markdown } from "~/markdown/Markdown";

export function ReplyView({ item, first }: { item: ThreadItem; first: boolean }) {
  const me = useMe();
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
  const { reply } = item;
  return (
    <PostFrame authorId={reply.authorId} author={reply.authorName} time={Date.parse(reply.createdAt)} first={first}>
      <Markdown text={reply.text} />
    </PostFrame>
  );
}
