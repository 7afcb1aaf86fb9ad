/* A client outside of pages, for bots: a token instead of the cookie, memory instead of a disk
 * (or a store of one's own), and nothing is missed: every hole is caught up with. */
import { Client } from "./client.js";
import { decodeFault, decodePerson } from "./decode.js";
import { systemEnv, type WebSocketClass } from "./env.js";
import { RequestFailed } from "./http.js";
import { object, parseObject, text } from "./json.js";
import { memoryStore, type Store } from "./store.js";
import { noTabs } from "./tabs.js";
import type { Person } from "./types.js";

export interface Session {
  readonly user: Person;
  readonly token: string;
}

export interface ConnectOptions extends Session {
  /** Where the server is: `http://127.0.0.1:9000`. */
  readonly origin: string;
  /** Node before 22 has none of its own: that of the package `ws` fits. */
  readonly WebSocket?: WebSocketClass;
  /** Where the outbox is kept; not given: in memory. */
  readonly store?: Store;
}

/** Rejects with RequestFailed when the server says no. */
export async function logIn(origin: string, email: string, password: string): Promise<Session> {
  const response = await fetch(`${origin}/api/login`, {
    method: "POST",
    body: JSON.stringify({ email, password }),
  });
  const answer = parseObject(await response.text());
  if (answer["status"] !== "success") throw new RequestFailed(decodeFault(answer));
  const data = object(answer["data"]);
  return { user: decodePerson(data), token: text(data, "token") };
}

/** A client that is not started yet. */
export function createClient(options: ConnectOptions): Client {
  const { origin, user, token } = options;
  const given = options.WebSocket ?? globalThis.WebSocket;
  if (given === undefined) throw new Error("This runtime has no WebSocket: pass one");
  return new Client({
    user,
    env: systemEnv(given),
    store: options.store ?? memoryStore(),
    tabs: noTabs(),
    baseUrl: origin,
    socketUrl: `${origin.replace(/^http/, "ws")}/api/message/ws`,
    token: () => token,
    catchUpAll: true,
  });
}
