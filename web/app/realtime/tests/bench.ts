/* Clients of the fake server, which can crash and come back over the same store. */
import { Client } from "../client.js";
import type { Env } from "../env.js";
import type { Store } from "../store.js";
import { memoryStore } from "../store.js";
import { noTabs, type Tabs } from "../tabs.js";
import type { State } from "../types.js";
import { fakeFetch } from "./fakeHttp.js";
import type { FakeServer } from "./fakeServer.js";

export interface Bench {
  readonly client: Client;
  readonly store: Store;
  /** As if the page was gone from one moment to the next: no timer and no frame of it comes. */
  crash(): void;
}

export interface BenchOptions {
  readonly store?: Store;
  readonly tabs?: Tabs;
  readonly catchUpAll?: boolean;
}

export function open(
  server: FakeServer,
  user: { id: string; name: string },
  options: BenchOptions = {},
): Bench {
  const store = options.store ?? memoryStore();
  const fetch = fakeFetch(server, user.id);
  let isAlive = true;
  const guard =
    <A extends unknown[]>(run: (...args: A) => void) =>
    (...args: A): void => {
      if (isAlive) run(...args);
    };
  const ends: (() => void)[] = [];
  const env: Env = {
    ...server.world.env(),
    after: (ms, run) => server.world.after(ms, guard(run)),
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      if (!isAlive) await new Promise(() => undefined);
      return response;
    },
    connect: (_url, handlers) => {
      const wire = server.connect(user, {
        open: guard(handlers.open),
        text: guard(handlers.text),
        closed: guard(handlers.closed),
      });
      ends.push(() => wire.abandon(1000));
      return wire;
    },
  };
  const client = new Client({
    user,
    env,
    store,
    tabs: options.tabs ?? noTabs(),
    baseUrl: "",
    socketUrl: "ws://fake/api/message/ws",
    token: () => "t",
    catchUpAll: options.catchUpAll ?? false,
  });
  client.start();
  return {
    client,
    store,
    crash: () => {
      isAlive = false;
      for (const end of ends) end();
    },
  };
}

export function stateOf(bench: Bench): State {
  return bench.client.getSnapshot();
}

export function textsOf(bench: Bench, channelId: string): readonly string[] {
  return stateOf(bench).channels[channelId]?.messages.map((m) => m.text) ?? [];
}
