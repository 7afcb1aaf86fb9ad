/* A client in a page: IndexedDB, Web Locks, the page's own origin. */
import { Client } from "./client.js";
import { systemEnv, type Env } from "./env.js";
import { openStore } from "./idb.js";
import { lateStore } from "./store.js";
import { browserTabs } from "./tabs.js";
import type { Person } from "./types.js";

/** The network as the system sees it; and a page that is shown again looks after its connection. */
function onNetwork(listener: (isUp: boolean) => void): () => void {
  const up = (): void => listener(true);
  const down = (): void => listener(false);
  const shown = (): void => {
    if (document.visibilityState === "visible") listener(true);
  };
  addEventListener("online", up);
  addEventListener("offline", down);
  document.addEventListener("visibilitychange", shown);
  return () => {
    removeEventListener("online", up);
    removeEventListener("offline", down);
    document.removeEventListener("visibilitychange", shown);
  };
}

export interface BrowserOptions {
  readonly user: Person;
  /** Where the server is, when it is not the page's own origin (then a token is needed). */
  readonly origin?: string;
  readonly token?: () => string | null;
}

export function createBrowserClient(options: BrowserOptions): Client {
  const { user } = options;
  const env: Env = { ...systemEnv(WebSocket), onNetwork };
  const client = new Client({
    user,
    env,
    store: lateStore(() => openStore(user.id)),
    tabs: browserTabs(user.id),
    baseUrl: options.origin ?? "",
    socketUrl: `${(options.origin ?? location.origin).replace(/^http/, "ws")}/api/message/ws`,
    token: options.token ?? null,
    catchUpAll: false,
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") client.save();
  });
  return client;
}
