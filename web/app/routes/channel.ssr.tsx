import { useLoaderData, useParams, type LoaderFunctionArgs } from "react-router";
import { callFor } from "~/api/server.server";
import type { ChannelRow } from "~/api/types";
import { ChannelPage } from "~/features/messages/ChannelPage";
import { PlainChannel, type PlainMessage } from "~/features/messages/PlainChannel";
import { useLive } from "~/features/shell/Pane";

interface Data {
  name: string;
  joined: boolean;
  messages: PlainMessage[];
}

/** The last messages, for the first look and for browsers without script. */
export async function loader({ request, params }: LoaderFunctionArgs): Promise<Data> {
  const call = callFor(request);
  const id = encodeURIComponent(params.channelId ?? "");
  const [channels, page] = await Promise.all([
    call<ChannelRow[]>("GET", "/api/channel"),
    call<{ messages: PlainMessage[] }>("GET", `/api/message?channel_id=${id}&limit=50`),
  ]);
  const channel = channels.ok ? channels.data.find((c) => c.id === params.channelId) : undefined;
  return {
    name: channel?.name ?? "",
    joined: page.ok,
    messages: page.ok ? page.data.messages.reverse() : [],
  };
}

// The browser hears of everything new by its socket.
export const shouldRevalidate = ({ currentParams, nextParams }: {
  currentParams: Record<string, string | undefined>;
  nextParams: Record<string, string | undefined>;
}) => currentParams.channelId !== nextParams.channelId;

export default function ChannelRoute() {
  const { channelId = "" } = useParams();
  const data = useLoaderData() as Data;
  return useLive()
    ? <ChannelPage key={channelId} channelId={channelId} />
    : <PlainChannel channelId={channelId} {...data} />;
}
