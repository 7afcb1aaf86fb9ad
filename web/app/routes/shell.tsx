import { useLoaderData, type ClientLoaderFunctionArgs } from "react-router";
import { call } from "~/api/call";
import { forgetMe, remember, remembered } from "~/features/auth/remembered";
import { toLogin, whoAmI, type ShellData } from "~/features/shell/session";
import { clientOf } from "~/features/chat/current";
import { takeAhead, type AskedAhead } from "~/features/chat/ahead";
import type { Me } from "~/api/types";
import { Shell } from "~/features/shell/Shell";
import { Splash } from "~/ui/Splash";

// What is there within this time is drawn at once, instead of an empty frame first.
const FIRST_LOOK_MS = 250;

async function firstLook(me: Me, { of }: AskedAhead) {
  const ready = clientOf(me).start(of(me.id));
  await Promise.race([ready, new Promise((done) => setTimeout(done, FIRST_LOOK_MS))]);
}

export async function clientLoader({ request }: ClientLoaderFunctionArgs): Promise<ShellData> {
  const known = remembered();
  const ahead = takeAhead();
  const asked = ahead.me.then((me) => me ?? whoAmI(call, remembered));
  if (known) {
    // What this browser keeps is shown at once; should someone else be there now, it begins again.
    void asked.then((me) => {
      if (me?.id === known.id) return;
      if (me) remember(me);
      else forgetMe();
      location.reload();
    });
    await firstLook(known, ahead);
    return { me: known, channels: [] };
  }
  const me = await asked;
  if (!me) throw toLogin(request);
  remember(me);
  await firstLook(me, ahead);
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
