import { createBrowserClient } from "~/realtime/browser";
import type { Client } from "~/realtime/client";
import type { Person } from "~/realtime/types";

let current: { id: string; client: Client } | null = null;

/** The client of whoever is here. The shell's loader starts it, so that the disk is read and the
 * server is called while the pages are still being drawn. */
export function clientOf({ id, name }: Person): Client {
  if (current?.id !== id) current = { id, client: createBrowserClient({ user: { id, name } }) };
  return current.client;
}

/** Its pages are gone: whoever comes next begins with a new one. */
export function letGo(client: Client) {
  client.stop();
  if (current?.client === client) current = null;
}
