import { useLoaderData, type ClientLoaderFunctionArgs } from "react-router";
import { call } from "~/api/call";
import { remember, remembered } from "~/features/auth/remembered";
import { toLogin, whoAmI, type ShellData } from "~/features/shell/session";
import { Shell } from "~/features/shell/Shell";
import { Splash } from "~/ui/Splash";

export async function clientLoader({ request }: ClientLoaderFunctionArgs): Promise<ShellData> {
  const me = await whoAmI(call, remembered);
  if (!me) throw toLogin(request);
  remember(me);
  return { me, channels: [] };
}

// Who is there does not change by moving around; a log-out elsewhere is told by the socket.
export const shouldRevalidate = () => false;

export function HydrateFallback() {
  return <Splash />;
}

export default function ShellRoute() {
  return <Shell {...(useLoaderData() as ShellData)} />;
}
