/* What the pages do with a channel: open, scroll, find; and the bounds of it. */
import { describe, expect, it } from "vitest";
import { emptyState, reduce } from "../reducer.js";
import { channelList, isListed, timeline } from "../selectors.js";
import { open, stateOf, textsOf, type Bench } from "./bench.js";
import { FakeServer } from "./fakeServer.js";
import type { State } from "../types.js";
import { World } from "./world.js";

const ANN = { id: "u-ann", name: "ann" };
const BEN = { id: "u-ben", name: "ben" };

async function begin(posts: number) {
  const world = new World(9);
  const server = new FakeServer(world, ["c-1", "c-2"]);
  const say = (n: number, parentId: number | null = null): void => {
    for (let i = 0; i < n; i += 1) {
      const { post } = server.append(BEN, "c-1", `text ${server.log("c-1").length}`, parentId, null);
      for (const session of server.sessions) session.push(post);
    }
  };
  say(posts);
  const bench = open(server, ANN);
  await world.until("online", () => stateOf(bench).connection.status === "online");
  await world.pass(500);
  return { world, server, bench, say };
}

const channelOf = (bench: Bench) => stateOf(bench).channels["c-1"]!;

describe("the list of channels", () => {
  it("waits for the names: Hello tells of channels before anyone named them", () => {
    const online = { status: "online", retryAt: null, attempt: 0, everOnline: true, stopReason: null };
    const connection = online as State["connection"];
    const met = { id: "c-1", headSeq: 3, readSeq: 3, recovered: null };
    const greeted = reduce({ ...emptyState(ANN), connection }, { type: "hello", channels: [met] });
    expect(channelList(greeted)).toEqual([]);
    expect(isListed(greeted)).toBe(false);
    const listed = { id: "c-1", name: "one", ownerId: "u-ben", createdAt: "", headSeq: 3, readSeq: 3, unread: 0 };
    const named = reduce(greeted, { type: "listed", channels: [listed] });
    expect(channelList(named).map((c) => c.name)).toEqual(["one"]);
    expect(isListed(named)).toBe(true);
  });

  it("is there without the connection, where nothing was on disk", async () => {
    const world = new World(9);
    const server = new FakeServer(world, ["c-1", "c-2"]);
    const bench = open(server, ANN);
    server.connect = () => ({ send: () => undefined, abandon: () => undefined });
    await world.until("listed", () => channelList(stateOf(bench)).length === 2);
  });
});

describe("an opened channel", () => {
  it("keeps at most 2,000 messages: the oldest go while new ones come", async () => {
    const { world, bench, say } = await begin(10);
    bench.client.openChannel("c-1");
    say(2100);
    await world.pass(2_000);
    expect(channelOf(bench).messages).toHaveLength(2000);
    expect(textsOf(bench, "c-1").at(-1)).toBe("text 2109");
    expect(channelOf(bench)).toMatchObject({ hasOlder: true });
    expect(channelOf(bench).ranges).toHaveLength(1);
    expect(timeline(stateOf(bench), "c-1")).toHaveLength(2000);
  });

  it("keeps what a reader far up looks at, and the newest; the middle goes, and comes back", async () => {
    const { world, bench } = await begin(2600);
    bench.client.openChannel("c-1");
    for (let n = 0; n < 60 && channelOf(bench).hasOlder; n += 1) {
      void bench.client.loadOlder("c-1");
      await world.pass(200);
    }
    const texts = textsOf(bench, "c-1");
    expect(texts).toHaveLength(2000);
    expect([texts[0], texts.at(-1)]).toEqual(["text 0", "text 2599"]);
    const gap = timeline(stateOf(bench), "c-1").find((i) => i.kind === "gap");
    if (gap === undefined) throw new Error("no gap is shown");
    for (let n = 0; n < 20 && channelOf(bench).ranges.length > 1; n += 1) {
      void bench.client.fillGap("c-1", channelOf(bench).ranges[0]!.to);
      await world.pass(200);
    }
    const all = textsOf(bench, "c-1");
    expect(all).toEqual(Array.from({ length: 2000 }, (_, i) => `text ${i + 600}`));
    expect(timeline(stateOf(bench), "c-1").every((i) => i.kind === "message")).toBe(true);
  });

  it("keeps little once it is closed", async () => {
    const { world, bench } = await begin(300);
    const close = bench.client.openChannel("c-1");
    for (let n = 0; n < 4; n += 1) {
      await world.pass(200);
      void bench.client.loadOlder("c-1");
    }
    await world.pass(200);
    expect(channelOf(bench).messages).toHaveLength(250);
    close();
    close();
    await world.pass(50);
    expect(channelOf(bench).opened).toBe(0);
    expect(channelOf(bench).messages).toHaveLength(100);
  });

  it("finds a message by its id, with what is around it", async () => {
    const { world, server, bench } = await begin(400);
    bench.client.openChannel("c-1");
    await world.pass(500);
    const target = server.log("c-1")[120]!;
    let found: boolean | null = null;
    void bench.client.loadAround("c-1", target.message_id).then((is) => (found = is));
    await world.pass(2_000);
    expect(found).toBe(true);
    const texts = textsOf(bench, "c-1");
    expect(texts.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => `text ${i + 70}`));
    void bench.client.loadAround("c-1", 5).then((is) => (found = is));
    await world.pass(5_000);
    expect(found).toBe(false);
    expect(channelOf(bench).hasOlder).toBe(true);
  });

  it("says what could not be loaded, and loads it when the connection is back", async () => {
    const { world, server, bench } = await begin(5);
    server.faults = { ...server.faults, dropRequest: 1 };
    bench.client.openChannel("c-1");
    await world.pass(20_000);
    expect(channelOf(bench).loadError).toBe("the network failed");
    expect(channelOf(bench).loading.latest).toBe(false);
    server.faults = { ...server.faults, dropRequest: 0 };
    server.cut([...server.sessions], 1006);
    await world.pass(10_000);
    expect(channelOf(bench).loadError).toBeNull();
    expect(textsOf(bench, "c-1")).toHaveLength(5);
  });
});
