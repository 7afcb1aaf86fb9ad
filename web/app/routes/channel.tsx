import { useParams } from "react-router";
import { ChannelPage } from "~/features/messages/ChannelPage";
import { useLive } from "~/features/shell/Pane";

export default function ChannelRoute() {
  const { channelId = "" } = useParams();
  return useLive() ? <ChannelPage key={channelId} channelId={channelId} /> : null;
}
