/* The one place where realtime meets React. */
import { createContext, useContext, useSyncExternalStore } from "react";
import type { Client } from "../../realtime/client.js";
import type { State } from "../../realtime/types.js";

/** `<ChatContext value={client}>` around the signed-in pages. */
export const ChatContext = createContext<Client | null>(null);

export function useChatClient(): Client {
  const client = useContext(ChatContext);
  if (client === null) throw new Error("There is no ChatContext above this component");
  return client;
}

/** What `select` makes of the state, again whenever it changes. It must return the same object
 * while nothing it reads has changed; the selectors of realtime/selectors.ts do. */
export function useChat<T>(select: (state: State) => T): T {
  const client = useChatClient();
  const read = (): T => select(client.getSnapshot());
  return useSyncExternalStore(client.subscribe, read, read);
}
