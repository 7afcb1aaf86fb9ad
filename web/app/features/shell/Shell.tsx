import { useEffect, useState, useSyncExternalStore } from "react";
import { useNavigate } from "react-router";
import { clientOf, letGo } from "~/features/chat/current";
import { ChatContext, useChat } from "~/features/chat/useChat";
import { forgetMe } from "~/features/auth/remembered";
import { useNotifications } from "~/features/notifications/useNotifications";
import { useShortcuts } from "~/features/shortcuts/useShortcuts";
import { Overlays } from "./Overlays";
import { ConnectionBanner } from "./ConnectionBanner";
import { Frame } from "./Frame";
import { LiveSidebar, StaticSidebar } from "./Sidebar";
import { Pane } from "./Pane";
import { MeContext } from "./me";
import type { ShellData } from "./session";

const never = () => () => undefined;
/** False while a server's page is being taken over, and on the server. */
const useIsLive = () => useSyncExternalStore(never, () => true, () => false);

export function Shell(data: ShellData) {
  const live = useIsLive();
  return (
    <MeContext value={data.me}>
      {live ? (
        <LiveShell key={data.me.id} {...data} />
      ) : (
        <Frame sidebar={<StaticSidebar channels={data.channels} />}><Pane live={false} /></Frame>
      )}
    </MeContext>
  );
}

function LiveShell({ me }: ShellData) {
  const [client] = useState(() => clientOf(me));
  useEffect(() => {
    client.start();
    return () => letGo(client);
  }, [client]);
  return (
    <ChatContext value={client}>
      <Frame sidebar={<LiveSidebar />} banner={<ConnectionBanner />}>
        <Pane live />
      </Frame>
      <Overlays />
      <Background />
    </ChatContext>
  );
}

/** What goes on whichever page is shown. */
function Background() {
  const navigate = useNavigate();
  const ended = useChat((s) => s.connection.stopReason === "signed_out");
  useEffect(() => {
    if (!ended) return;
    forgetMe();
    void navigate("/login?out", { replace: true });
  }, [ended, navigate]);
  useNotifications();
  useShortcuts();
  return null;
}
