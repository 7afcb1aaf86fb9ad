import type { LoaderFunctionArgs } from "react-router";
import { callFor } from "~/api/server.server";
import type { ChannelRow } from "~/api/types";
import { toLogin, whoAmI, type ShellData } from "~/features/shell/session";

export { default } from "./shell";

export async function loader({ request }: LoaderFunctionArgs): Promise<ShellData> {
  const call = callFor(request);
  const me = await whoAmI(call, () => {
    throw new Response("the chat server cannot be reached", { status: 503 });
  });
  if (!me) throw toLogin(request);
  const channels = await call<ChannelRow[]>("GET", "/api/user/channel");
  return { me, channels: channels.ok ? channels.data : [] };
}
