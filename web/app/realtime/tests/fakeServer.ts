/* A server with the protocol's rules and none of its virtues: it forgets connections, answers late,
 * refuses, loses acks, and will not replay more than a few events. What it has stored it keeps. */
import type { Wire, WireHandlers } from "../env.js";
import { FakeSession } from "./fakeSession.js";
import type { World } from "./world.js";

export interface WirePost {
  readonly channel_id: string;
  readonly message_id: number;
  readonly reply_id?: number;
  readonly content: string;
  readonly user_id: string;
  readonly username: string;
  readonly created_at: string;
  readonly seq: number;
  readonly prev_seq: number;
  readonly client_msg_id?: string;
}

export interface Faults {
  /** Chances, 0 to 1. */
  refuse: number;
  dropRequest: number;
  notRecovered: number;
  replayMax: number;
  latencyMs: number;
}

export const NO_FAULTS: Faults = {
  refuse: 0,
  dropRequest: 0,
  notRecovered: 0,
  replayMax: 1000,
  latencyMs: 10,
};

export class FakeServer {
  readonly logs = new Map<string, WirePost[]>();
  readonly sessions = new Set<FakeSession>();
  readonly reads = new Map<string, number>();
  readonly heardActions: string[] = [];
  private readonly byClientId = new Map<string, WirePost>();
  private seq = 0;
  faults: Faults = NO_FAULTS;
  isDown = false;

  constructor(
    readonly world: World,
    channels: readonly string[],
  ) {
    for (const id of channels) this.logs.set(id, []);
  }

  log(channelId: string): WirePost[] {
    const log = this.logs.get(channelId);
    if (log === undefined) throw new Error(`no channel ${channelId}`);
    return log;
  }

  head(channelId: string): number {
    return this.log(channelId).at(-1)?.seq ?? 0;
  }

  /** Something with a position that is no post (a join) lies between posts now and then. */
  private nextSeq(): number {
    this.seq += this.world.random.between(1, 3);
    return this.seq;
  }

  append(
    user: { id: string; name: string },
    channelId: string,
    content: string,
    parentId: number | null,
    clientMsgId: string | null,
  ): { post: WirePost; isDuplicate: boolean } {
    const key = `${user.id} ${channelId} ${clientMsgId}`;
    const known = clientMsgId === null ? undefined : this.byClientId.get(key);
    if (known !== undefined) return { post: known, isDuplicate: true };
    const log = this.log(channelId);
    const prev_seq = this.head(channelId);
    const seq = this.nextSeq();
    const id = 100_000 + seq;
    const post: WirePost = {
      channel_id: channelId,
      message_id: parentId ?? id,
      ...(parentId === null ? {} : { reply_id: id }),
      content,
      user_id: user.id,
      username: user.name,
      created_at: new Date(this.world.now).toISOString(),
      seq,
      prev_seq,
      ...(clientMsgId === null ? {} : { client_msg_id: clientMsgId }),
    };
    log.push(post);
    if (clientMsgId !== null) this.byClientId.set(key, post);
    return { post, isDuplicate: false };
  }

  connect(user: { id: string; name: string }, handlers: WireHandlers): Wire {
    const session = new FakeSession(this, user, handlers);
    if (this.isDown) session.end(1006, "");
    else this.sessions.add(session);
    return session.wire;
  }

  /** Ends connections: told (a close frame or a reset) or silently (a dead network). */
  cut(which: readonly FakeSession[], code: number | null, reason = ""): void {
    for (const session of which) {
      if (code === null) session.vanish();
      else session.end(code, reason);
    }
  }
}
