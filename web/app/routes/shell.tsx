import { useLoaderData, type ClientLoaderFunctionArgs } from "react-router";
import { call } from "~/api/call";
import { forgetMe, remember, remembered } from "~/features/auth/remembered";
import { toLogin, whoAmI, type ShellData } from "~/features/shell/session";
import { clientOf } from "~/features/chat/current";
import { Shell } from "~/features/shell/Shell";
import { Splash } from "~/ui/Splash";

export async function clientLoader({ request }: ClientLoaderFunctionArgs): Promise<ShellData> {
  const known = remembered();
  const asked = whoAmI(call, remembered);
  if (known) {
    // What this browser keeps is shown at once; should someone else be there now, it begins again.
    void asked.then((me) => {
      if (me?.id === known.id) return;
      if (me) remember(me);
      else forgetMe();
      location.reload();
    });
    clientOf(known).start();
    return { me: known, channels: [] };
  }
  const me = await asked;
  if (!me) throw toLogin(request);
  remember(me);
  clientOf(me).start();
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
