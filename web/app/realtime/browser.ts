/* A client in a page: IndexedDB, Web Locks, the page's own origin. */
import { Client } from "./client.js";
import { systemEnv, type Env } from "./env.js";
import { openStore } from "./idb.js";
import { lateStore } from "./store.js";
import { browserTabs } from "./tabs.js";
import type { Person } from "./types.js";

/** The network as the system sees it. A page that is shown again looks after its connection, one
 * that is hidden writes down what it has: it may not come back. */
function watchPage(listener: (isUp: boolean) => void, hidden: () => void): () => void {
  const up = (): void => listener(true);
  const down = (): void => listener(false);
  const shown = (): void => {
    if (document.visibilityState === "visible") listener(true);
    else hidden();
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
  const env: Env = {
    ...systemEnv(WebSocket),
    onNetwork: (listener) => watchPage(listener, () => client.save()),
  };
  const client: Client = new Client({
    user,
    env,
    store: lateStore(() => openStore(user.id)),
    tabs: browserTabs(user.id),
    baseUrl: options.origin ?? "",
    socketUrl: `${(options.origin ?? location.origin).replace(/^http/, "ws")}/api/message/ws`,
    token: options.token ?? null,
    catchUpAll: false,
  });
  return client;
}
