/* One websocket of the fake server: frames arrive late, in order, and not after its end. */
import type { Wire, WireHandlers } from "../env.js";
import type { FakeServer, WirePost } from "./fakeServer.js";

interface ClientSays {
  action: string;
  ref?: string;
  data: {
    channel_id: string;
    message_id?: number;
    content: string;
    client_msg_id: string;
    seq: number;
    resume?: Record<string, number>;
    channels?: Record<string, number>;
  };
}

const REFUSALS = ["rate_limited", "unavailable", "unknown"] as const;

export class FakeSession {
  private isOver = false;
  private isExtended = false;
  private toClient = 0;
  private toServer = 0;
  readonly wire: Wire;

  constructor(
    private readonly server: FakeServer,
    readonly user: { id: string; name: string },
    private readonly handlers: WireHandlers,
  ) {
    this.wire = {
      send: (data) => this.later("toServer", () => this.hear(data)),
      abandon: () => this.vanish(),
    };
    this.later("toClient", () => this.handlers.open());
  }

  vanish(): void {
    this.isOver = true;
    this.server.sessions.delete(this);
  }

  end(code: number, reason: string): void {
    if (this.isOver) return;
    this.vanish();
    this.server.world.after(1, () => this.handlers.closed(code, reason));
  }

  push(post: WirePost): void {
    if (this.isExtended) this.say(post.reply_id === undefined ? "Message" : "Reply", post);
  }

  private later(way: "toClient" | "toServer", run: () => void): void {
    const { world, faults } = this.server;
    this[way] = Math.max(this[way], world.now + world.random.below(faults.latencyMs + 1));
    world.after(this[way] - world.now, () => {
      if (!this.isOver) run();
    });
  }

  private say(action: string, data: object, beside: object = {}): void {
    const frame = { action, status: "success", message: action, ...beside, data };
    this.later("toClient", () => this.handlers.text(JSON.stringify(frame)));
  }

  private refuse(ref: string | undefined, code: string): void {
    const beside = { ref, code, ...(code === "unknown" ? {} : { retry_after_ms: 100 }) };
    const frame = { action: "Fail", status: "fail", message: code, ...beside, data: {} };
    this.later("toClient", () => this.handlers.text(JSON.stringify(frame)));
  }

  private hear(data: string): void {
    if (data.startsWith("Authorization:")) return;
    const said: ClientSays = JSON.parse(data);
    this.server.heardActions.push(said.action);
    if (said.action === "Hello") this.greet(said);
    else if (said.action === "Resume") this.resume(said);
    else if (said.action === "Ping") this.say("Pong", {});
    else if (said.action === "Read") {
      this.server.reads.set(`${this.user.id} ${said.data.channel_id}`, said.data.seq);
    } else if (said.action.startsWith("Create")) this.create(said);
  }

  private create(said: ClientSays): void {
    const { world, faults } = this.server;
    const { channel_id, message_id, content, client_msg_id } = said.data;
    const refusal = world.random.chance(faults.refuse) ? world.random.pick(REFUSALS) : null;
    /* "unknown" is said of what was stored, too. */
    if (refusal !== null && !(refusal === "unknown" && world.random.chance(0.5))) {
      this.refuse(said.ref, refusal);
      return;
    }
    const parent = said.action === "CreateReply" ? (message_id ?? 0) : null;
    const done = this.server.append(this.user, channel_id, content, parent, client_msg_id);
    if (!done.isDuplicate) {
      for (const other of this.server.sessions) if (other !== this) other.push(done.post);
    }
    if (refusal !== null) {
      this.refuse(said.ref, refusal);
      if (!done.isDuplicate) this.push(done.post);
    } else {
      const beside = { ref: said.ref, ...(done.isDuplicate ? { duplicate: true } : {}) };
      this.say("Ack", done.post, beside);
    }
  }

  private missed(channelId: string, seq: number): readonly WirePost[] | null {
    const { world, faults } = this.server;
    const missed = this.server.log(channelId).filter((p) => p.seq > seq);
    if (seq > this.server.head(channelId) || missed.length > faults.replayMax) return null;
    return missed.length > 0 && world.random.chance(faults.notRecovered) ? null : missed;
  }

  private replay(posts: readonly WirePost[]): void {
    for (const post of posts) {
      this.say(post.reply_id === undefined ? "Message" : "Reply", post, { replay: true });
    }
  }

  private greet(said: ClientSays): void {
    const resume = said.data.resume ?? {};
    const replays: WirePost[] = [];
    const channels = [...this.server.logs.keys()].map((id) => {
      const seq = resume[id];
      const missed = seq === undefined ? undefined : this.missed(id, seq);
      replays.push(...(missed ?? []));
      const recovered = missed === undefined ? {} : { recovered: missed !== null };
      const read_seq = this.server.reads.get(`${this.user.id} ${id}`) ?? 0;
      return { id, head_seq: this.server.head(id), read_seq, ...recovered };
    });
    const about = { user_id: this.user.id, session_id: "0-1", node: "fake", heartbeat_s: 25 };
    this.say("Hello", { ...about, channels }, { ref: said.ref });
    this.replay(replays);
    this.isExtended = true;
  }

  private resume(said: ClientSays): void {
    const replays: WirePost[] = [];
    const heads = Object.entries(said.data.channels ?? {}).map(([id, seq]) => {
      const missed = this.missed(id, seq);
      replays.push(...(missed ?? []));
      return [id, { recovered: missed !== null, head_seq: this.server.head(id) }] as const;
    });
    this.say("Resumed", { channels: Object.fromEntries(heads) }, { ref: said.ref });
    this.replay(replays);
  }
}
