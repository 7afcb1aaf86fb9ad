import { useParams } from "react-router";
import { ThreadPane } from "~/features/thread/ThreadPane";
import { useLive } from "~/features/shell/Pane";

export default function ThreadRoute() {
  const { channelId = "", messageId = "" } = useParams();
  const id = Number(messageId);
  if (!useLive() || !Number.isSafeInteger(id)) return null;
  return <ThreadPane key={id} channelId={channelId} messageId={id} />;
}
