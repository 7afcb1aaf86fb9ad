/* The pages of history and the lists, over HTTP. GETs only: they may be repeated. */
import {
  decodeFault,
  decodeListed,
  decodeMember,
  decodeMessages,
  decodePost,
  decodeReplies,
} from "./decode.js";
import type { Env } from "./env.js";
import type { ListedChannel } from "./events.js";
import { list, object, optionalCount, optionalText, parseObject, type Json } from "./json.js";
import { BACKOFF_MAX_MS, HTTP_ATTEMPTS_MAX, HTTP_TIMEOUT_MS } from "./limits.js";
import type { Fault } from "./protocol.js";
import type { Member, Message, Post, Reply } from "./types.js";

/** What the server said no with, or, with code `unreachable`, that it said nothing. */
export class RequestFailed extends Error {
  constructor(readonly fault: Fault) {
    super(fault.message);
  }
}

const PASSING = new Set(["unavailable", "rate_limited", "unreachable"]);

/** It may go better in a while. */
export function isPassing(error: unknown): boolean {
  return error instanceof RequestFailed && PASSING.has(error.fault.code);
}

export interface ApiOptions {
  readonly env: Env;
  /** Ends without a slash; "" is the page's own origin. */
  readonly baseUrl: string;
  readonly token: (() => string | null) | null;
  readonly myId: string;
}

/** Which message or reply a page begins with (it is on the page); the server's own form. */
export function cursorAt(key: "message_id" | "reply_id", id: number): string {
  return btoa(`{'${key}': ${id}}`);
}

export class Api {
  constructor(private readonly options: ApiOptions) {}

  /** Newest first, from the message `from` on (null: from the newest). */
  async messages(
    channelId: string,
    from: number | null,
    limit: number,
  ): Promise<{ messages: readonly Message[]; reachesStart: boolean }> {
    const query: Record<string, string> = { channel_id: channelId, limit: String(limit) };
    if (from !== null) query["cursor"] = cursorAt("message_id", from);
    const data = object(await this.get("/api/message", query));
    const messages = decodeMessages(data["messages"], this.options.myId);
    return { messages, reachesStart: optionalText(data, "next_cursor") === "" };
  }

  /** Messages and replies, oldest first, that follow position `after`. */
  async after(
    channelId: string,
    after: number,
    limit: number,
  ): Promise<{ posts: readonly Post[]; isLast: boolean }> {
    const query = { channel_id: channelId, after: String(after), limit: String(limit) };
    const data = object(await this.get("/api/message", query));
    const posts = list(data["messages"]).map((p) => decodePost(p, this.options.myId));
    return { posts, isLast: optionalCount(data, "next_after") === null };
  }

  async replies(
    messageId: number,
    from: number | null,
    limit: number,
  ): Promise<{ replies: readonly Reply[]; reachesStart: boolean }> {
    const query: Record<string, string> = { message_id: String(messageId), limit: String(limit) };
    if (from !== null) query["cursor"] = cursorAt("reply_id", from);
    const data = object(await this.get("/api/reply", query));
    const replies = decodeReplies(data["replies"], this.options.myId);
    return { replies, reachesStart: optionalText(data, "next_cursor") === "" };
  }

  async channels(): Promise<readonly ListedChannel[]> {
    return list(await this.get("/api/user/channel", {})).map(decodeListed);
  }

  async members(channelId: string): Promise<readonly Member[]> {
    return list(await this.get("/api/channel/member", { channel_id: channelId })).map(decodeMember);
  }

  private async get(path: string, query: Record<string, string>): Promise<unknown> {
    const search = new URLSearchParams(query).toString();
    const url = `${this.options.baseUrl}${path}${search === "" ? "" : `?${search}`}`;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(url);
      } catch (error) {
        if (!isPassing(error) || attempt >= HTTP_ATTEMPTS_MAX) throw error;
        const asked = error instanceof RequestFailed ? error.fault.retryAfterMs : null;
        const hint = Math.min(asked ?? 0, BACKOFF_MAX_MS);
        await this.pause(hint + this.options.env.random() * 500 * 2 ** attempt);
      }
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.options.env.after(ms, resolve));
  }

  private async once(url: string): Promise<unknown> {
    const token = this.options.token?.();
    const headers: Record<string, string> =
      typeof token === "string" ? { Authorization: `Bearer ${token}` } : {};
    const giveUp = new AbortController();
    const cancel = this.options.env.after(HTTP_TIMEOUT_MS, () => giveUp.abort());
    let body: Json;
    try {
      const response = await this.options.env.fetch(url, { headers, signal: giveUp.signal });
      body = parseObject(await response.text());
    } catch (error) {
      const message = error instanceof Error ? error.message : "no answer";
      throw new RequestFailed({ code: "unreachable", message, retryAfterMs: null });
    } finally {
      cancel();
    }
    if (body["status"] !== "success") throw new RequestFailed(decodeFault(body));
    return body["data"];
  }
}
