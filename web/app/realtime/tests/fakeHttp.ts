/* The fake server's pages, in the server's own JSON. */
import type { FakeServer, WirePost } from "./fakeServer.js";

function idIn(cursor: string | null): number | null {
  if (cursor === null || cursor === "") return null;
  return Number(/: (\d+)\}/.exec(atob(cursor))?.[1]);
}

/** Newest first. */
function backwards(all: readonly WirePost[], from: number | null, limit: number, isReply: boolean) {
  const idOf = (p: WirePost): number => (isReply ? (p.reply_id ?? 0) : p.message_id);
  const rest = all.filter((p) => from === null || idOf(p) <= from);
  const rows = rest.slice(-limit).reverse();
  return { rows, next_cursor: rest.length > limit ? btoa(`{'x': ${idOf(rest[0]!)}}`) : "" };
}

function messages(server: FakeServer, query: URLSearchParams): object {
  const log = server.log(query.get("channel_id") ?? "");
  const limit = Number(query.get("limit") ?? 10);
  const after = query.get("after");
  if (after !== null) {
    const rest = log.filter((p) => p.seq > Number(after));
    const rows = rest.slice(0, limit);
    const next = rest.length > limit ? { next_after: rows.at(-1)?.seq } : {};
    return { messages: rows, ...next };
  }
  const own = log.filter((p) => p.reply_id === undefined);
  const page = backwards(own, idIn(query.get("cursor")), limit, false);
  const counted = page.rows.map((m) => {
    const replies = log.filter((p) => p.reply_id !== undefined && p.message_id === m.message_id);
    return { ...m, reply_count: replies.length };
  });
  return { messages: counted, next_cursor: page.next_cursor };
}

function replies(server: FakeServer, query: URLSearchParams): object {
  const id = Number(query.get("message_id"));
  const all = [...server.logs.values()]
    .flat()
    .filter((p) => p.reply_id !== undefined && p.message_id === id);
  const limit = Number(query.get("limit") ?? 10);
  const page = backwards(all, idIn(query.get("cursor")), limit, true);
  return { replies: page.rows, next_cursor: page.next_cursor };
}

function channels(server: FakeServer, userId: string): object {
  return [...server.logs].map(([id, log]) => {
    const sent = log.filter((p) => p.user_id === userId).at(-1)?.seq ?? 0;
    const read_seq = Math.max(sent, server.reads.get(`${userId} ${id}`) ?? 0);
    const unread = log.filter((p) => p.seq > read_seq && p.user_id !== userId).length;
    const info = { id, name: `name of ${id}`, user_id: "u-1", created_at: "2026-11-24T10:00:00Z" };
    return { ...info, head_seq: server.head(id), read_seq, unread: Math.min(100, unread) };
  });
}

function answer(server: FakeServer, userId: string, url: URL): object {
  if (url.pathname === "/api/message") return messages(server, url.searchParams);
  if (url.pathname === "/api/reply") return replies(server, url.searchParams);
  if (url.pathname === "/api/user/channel") return channels(server, userId);
  if (url.pathname === "/api/channel/member") return [{ id: userId, name: "x", online: true }];
  throw new Error(`the fake server has no ${url.pathname}`);
}

/** What is read is what was there when the request arrived. */
export function fakeFetch(
  server: FakeServer,
  userId: string,
): (url: string, init: RequestInit) => Promise<Response> {
  const { world } = server;
  const wait = (): Promise<void> => {
    return new Promise((resolve) => {
      world.after(world.random.below(server.faults.latencyMs + 1), resolve);
    });
  };
  return async (url) => {
    await wait();
    if (server.isDown || world.random.chance(server.faults.dropRequest)) {
      throw new TypeError("the network failed");
    }
    const data = answer(server, userId, new URL(url, "http://fake"));
    await wait();
    return new Response(JSON.stringify({ status: "success", message: "ok", data }));
  };
}
