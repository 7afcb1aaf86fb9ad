/* What a client is made of. */
import type { Env } from "./env.js";
import type { ClientFrame, ServerFrame } from "./protocol.js";
import type { Store } from "./store.js";
import type { Tabs } from "./tabs.js";
import type { Connection, Person } from "./types.js";

export interface ClientOptions {
  readonly user: Person;
  readonly env: Env;
  readonly store: Store;
  readonly tabs: Tabs;
  /** Of the HTTP interface, without a slash at its end; "" is the page's own origin. */
  readonly baseUrl: string;
  readonly socketUrl: string;
  /** The session's token; null: the cookie speaks. */
  readonly token: (() => string | null) | null;
  /** Catch up with everything that was missed, whether a channel is open or not (bots). */
  readonly catchUpAll: boolean;
}

export interface SocketOptions {
  readonly env: Env;
  readonly url: string;
  readonly myId: string;
  readonly token: (() => string | null) | null;
  readonly hello: () => ClientFrame;
  readonly onConnection: (connection: Connection) => void;
  /** Hello comes first of every connection. */
  readonly onFrame: (frame: ServerFrame) => void;
  readonly onClosed: (code: number) => void;
}
