/* What is composed is kept, sent by one tab, and ends as a post or as `failed`. */
import { describe, expect, it } from "vitest";
import type { ServerFrame } from "../protocol.js";
import { timeline } from "../selectors.js";
import { memoryStore } from "../store.js";
import { open, stateOf, textsOf, type Bench } from "./bench.js";
import { FakeServer, NO_FAULTS } from "./fakeServer.js";
import { FakeTabs } from "./fakeTabs.js";
import { seeds } from "./random.js";
import { World } from "./world.js";

const ANN = { id: "u-ann", name: "ann" };
const BEN = { id: "u-ben", name: "ben" };

async function begin() {
  const world = new World(3);
  const server = new FakeServer(world, ["c-1", "c-2"]);
  const bench = open(server, ANN);
  bench.client.openChannel("c-1");
  await world.until("online", () => stateOf(bench).connection.status === "online", 5_000);
  return { world, server, bench };
}

/** The server says no to whatever is sent, with this code. */
function refuseAll(server: FakeServer, code: string): { sent: string[] } {
  const sent: string[] = [];
  server.append = (_user, _channel, content) => {
    sent.push(content);
    throw new Refusal(code);
  };
  const session = [...server.sessions][0]!;
  const create = session["create"].bind(session);
  session["create"] = (said) => {
    try {
      create(said);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      session["refuse"](said.ref, error.code);
    }
  };
  return { sent };
}

class Refusal extends Error {
  constructor(readonly code: ServerFrame["action"] | string) {
    super(code);
  }
}

const kinds = (bench: Bench, channel: string) => timeline(stateOf(bench), channel).map((i) => i.kind);

describe("the outbox", () => {
  it("shows a message at once, under the key it keeps when it was sent", async () => {
    const { world, server, bench } = await begin();
    const id = bench.client.send("c-1", "hello");
    expect(timeline(stateOf(bench), "c-1")).toMatchObject([
      { kind: "outgoing", key: id, entry: { status: "pending", text: "hello" } },
    ]);
    await world.pass(100);
    expect(timeline(stateOf(bench), "c-1")).toMatchObject([{ kind: "message", key: id }]);
    expect(server.log("c-1").map((p) => p.client_msg_id)).toEqual([id]);
    expect(await bench.store.entries()).toEqual([]);
  });

  it("survives a reload while the network is away, and keeps the order", async () => {
    const { world, server, bench } = await begin();
    await world.pass(2_000);
    server.isDown = true;
    server.cut([...server.sessions], 1006);
    await world.pass(100);
    const ids = ["one", "two", "three"].map((t) => bench.client.send("c-1", t));
    await world.pass(100);
    bench.crash();
    const again = open(server, ANN, { store: bench.store });
    await world.pass(5_000);
    expect(stateOf(again).outbox.map((e) => e.clientMsgId)).toEqual(ids);
    expect(kinds(again, "c-1")).toEqual(["outgoing", "outgoing", "outgoing"]);
    server.isDown = false;
    await world.until("sent", () => stateOf(again).outbox.length === 0);
    expect(server.log("c-1").map((p) => p.content)).toEqual(["one", "two", "three"]);
    expect(server.log("c-1").map((p) => p.client_msg_id)).toEqual(ids);
  });

  it("sends again what was stored although its ack was lost, and the list has it once", async () => {
    const { world, server, bench } = await begin();
    server.faults = { ...NO_FAULTS, latencyMs: 0 };
    bench.client.send("c-1", "once");
    await world.until("stored", () => server.log("c-1").length === 1, 1_000);
    bench.crash();
    await bench.store.putEntry({
      clientMsgId: server.log("c-1")[0]!.client_msg_id!,
      channelId: "c-1",
      parentId: null,
      text: "once",
      createdAt: world.now,
      status: "pending",
      attempts: 0,
      error: null,
    });
    const again = open(server, ANN, { store: bench.store });
    again.client.openChannel("c-1");
    await world.pass(5_000);
    expect(server.log("c-1")).toHaveLength(1);
    expect(textsOf(again, "c-1")).toEqual(["once"]);
    expect(stateOf(again).outbox).toEqual([]);
    expect(await bench.store.entries()).toEqual([]);
  });

  it.each(["forbidden", "conflict", "not_found", "too_large", "bad_request"])(
    "fails on %s, waits for retry or delete, and lets the next one pass",
    async (code) => {
      const { world, server, bench } = await begin();
      const { sent } = refuseAll(server, code);
      const id = bench.client.send("c-1", "no");
      bench.client.send("c-1", "next");
      await world.pass(1_000);
      expect(sent).toEqual(["no", "next"]);
      expect(stateOf(bench).outbox[0]).toMatchObject({ status: "failed", error: { code } });
      expect(await bench.store.entries()).toMatchObject([{ status: "failed" }, { status: "failed" }]);
      bench.client.retry(id);
      expect(stateOf(bench).outbox[0]).toMatchObject({ status: "pending", error: null });
      await world.pass(1_000);
      expect(sent).toEqual(["no", "next", "no"]);
      bench.client.discard(id);
      expect(stateOf(bench).outbox.map((e) => e.text)).toEqual(["next"]);
      await world.pass(10);
      expect(await bench.store.entries()).toMatchObject([{ text: "next" }]);
    },
  );

  it("tries again what may pass, in order, and not for ever", async () => {
    const { world, server, bench } = await begin();
    const { sent } = refuseAll(server, "unavailable");
    bench.client.send("c-1", "a");
    bench.client.send("c-1", "b");
    await world.pass(20_000);
    expect(sent.length).toBeGreaterThan(3);
    expect(new Set(sent)).toEqual(new Set(["a"]));
    await world.pass(3_600_000);
    expect(sent.filter((t) => t === "a")).toHaveLength(20);
    expect(stateOf(bench).outbox).toMatchObject([{ status: "failed" }, { status: "failed" }]);
  });

  it("refuses what no server takes without asking one", async () => {
    const { world, server, bench } = await begin();
    bench.client.send("c-1", "");
    bench.client.send("c-1", "é".repeat(4097));
    bench.client.send("c-1", "é".repeat(4096));
    await world.pass(1_000);
    const codes = stateOf(bench).outbox.map((e) => e.error?.code);
    expect(codes).toEqual(["bad_request", "too_large"]);
    expect(server.log("c-1")).toHaveLength(1);
  });

  it("has a bound", async () => {
    const { bench, server, world } = await begin();
    server.cut([...server.sessions], 1006);
    server.isDown = true;
    for (let n = 0; n < 501; n += 1) bench.client.send("c-1", `${n}`);
    await world.pass(10);
    const last = stateOf(bench).outbox.at(-1);
    expect(last).toMatchObject({ status: "failed", error: { code: "outbox_full" } });
    expect(stateOf(bench).outbox.filter((e) => e.status === "pending")).toHaveLength(500);
  });

  it("does not take another user's post for its own, whatever id that has", async () => {
    const { world, server, bench } = await begin();
    server.isDown = true;
    server.cut([...server.sessions], 1006);
    const id = bench.client.send("c-1", "mine");
    server.append(BEN, "c-1", "stolen id", null, id);
    server.isDown = false;
    await world.until("sent", () => stateOf(bench).outbox.length === 0);
    expect(textsOf(bench, "c-1")).toEqual(["stolen id", "mine"]);
  });

  it("gives up a connection on which no answer comes", async () => {
    const { world, server, bench } = await begin();
    const session = [...server.sessions][0]!;
    session["create"] = () => undefined;
    bench.client.send("c-1", "anyone?");
    await world.pass(14_000);
    expect(server.log("c-1")).toEqual([]);
    await world.until("sent", () => stateOf(bench).outbox.length === 0, 5_000);
    expect(server.log("c-1")).toHaveLength(1);
  });

  it("does not send again by itself what ended the connection for its size", async () => {
    const { world, server, bench } = await begin();
    const session = [...server.sessions][0]!;
    session["create"] = () => session.end(1009, "");
    bench.client.send("c-1", "big");
    await world.pass(60_000);
    expect(stateOf(bench).outbox).toMatchObject([{ status: "failed", error: { code: "too_large" } }]);
    expect(server.log("c-1")).toEqual([]);
  });
});

describe("several tabs", () => {
  it.each(seeds(20))("send each message once, and show the same (seed %i)", async (seed) => {
    const world = new World(seed);
    const server = new FakeServer(world, ["c-1"]);
    const tabs = new FakeTabs(world);
    const store = memoryStore();
    let sends = 0;
    const append = server.append.bind(server);
    server.append = (...of) => {
      sends += 1;
      return append(...of);
    };
    const benches = [0, 1, 2].map(() => open(server, ANN, { store, tabs: tabs.tab() }));
    for (const { client } of benches) client.openChannel("c-1");
    await world.pass(1_000);
    for (let n = 0; n < 12; n += 1) {
      benches[n % 3]!.client.send("c-1", `text ${n}`);
      await world.pass(world.random.below(40) + 20);
    }
    await world.pass(2_000);
    expect(sends).toBe(12);
    const texts = server.log("c-1").map((p) => p.content);
    for (const bench of benches) {
      expect(textsOf(bench, "c-1")).toEqual(texts);
      expect(stateOf(bench).outbox).toEqual([]);
    }
    server.isDown = true;
    server.cut([...server.sessions], 1006);
    benches[1]!.client.send("c-1", "from a tab that does not lead");
    await world.pass(100);
    expect(benches.map((b) => stateOf(b).outbox.length)).toEqual([1, 1, 1]);
    benches[0]!.client.stop();
    server.isDown = false;
    await world.until("sent", () => server.log("c-1").length === 13);
    await world.pass(1_000);
    expect([1, 2].map((n) => stateOf(benches[n]!).outbox.length)).toEqual([0, 0]);
    expect(await store.entries()).toEqual([]);
  });

  it("log out together, and leave nothing behind", async () => {
    const world = new World(5);
    const server = new FakeServer(world, ["c-1"]);
    const tabs = new FakeTabs(world);
    const store = memoryStore();
    const benches = [0, 1].map(() => open(server, ANN, { store, tabs: tabs.tab() }));
    for (const { client } of benches) client.openChannel("c-1");
    await world.pass(1_000);
    benches[1]!.client.send("c-1", "kept on disk for a while");
    await world.pass(3_000);
    expect(await store.channels()).toHaveLength(1);
    void benches[1]!.client.forget();
    await world.pass(5_000);
    expect(benches.map((b) => stateOf(b).connection.stopReason)).toEqual(["signed_out", "signed_out"]);
    expect(await store.channels()).toEqual([]);
    expect(await store.entries()).toEqual([]);
  });
});
