/* What is composed is kept, sent, and ends as a post. */
import { describe, expect, it } from "vitest";
import { OutboxFull } from "../compose.js";
import { timeline } from "../selectors.js";
import { memoryStore, type Store } from "../store.js";
import { open, stateOf, textsOf, type Bench } from "./bench.js";
import { FakeServer, NO_FAULTS } from "./fakeServer.js";
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
    for (let n = 0; n < 500; n += 1) bench.client.send("c-1", `${n}`);
    expect(() => bench.client.send("c-1", "one more")).toThrow(OutboxFull);
    await world.pass(10);
    expect(stateOf(bench).outbox).toHaveLength(500);
  });

  it("sends nothing that is not on disk yet, unless the disk fails", async () => {
    const world = new World(4);
    const server = new FakeServer(world, ["c-1"]);
    let isFull = false;
    const store: Store = {
      ...memoryStore(),
      putEntry: () => {
        return new Promise((done, fail) => world.after(2_000, isFull ? () => fail(new Error("full")) : done));
      },
    };
    const bench = open(server, ANN, { store });
    await world.pass(1_000);
    bench.client.send("c-1", "slow");
    server.cut([...server.sessions], 1006);
    await world.pass(1_500);
    expect(stateOf(bench).connection.status).toBe("online");
    expect(server.log("c-1")).toEqual([]);
    await world.pass(1_000);
    expect(server.log("c-1").map((p) => p.content)).toEqual(["slow"]);
    isFull = true;
    bench.client.send("c-1", "on a full disk");
    await world.pass(3_000);
    expect(server.log("c-1")).toHaveLength(2);
    expect(stateOf(bench).outbox).toEqual([]);
  });

  it("sends again at once what was on its way when the connection was cut", async () => {
    const { world, server, bench } = await begin();
    [...server.sessions][0]!["create"] = () => undefined;
    bench.client.send("c-1", "lost on the way");
    await world.pass(100);
    server.cut([...server.sessions], 1006);
    await world.pass(2_000);
    expect(server.log("c-1")).toHaveLength(1);
    expect(stateOf(bench).outbox).toEqual([]);
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
