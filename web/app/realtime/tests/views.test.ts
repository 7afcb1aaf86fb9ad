/* What the pages do with a channel: open, scroll, read, type; and the bounds of it. */
import { describe, expect, it } from "vitest";
import { uuidv7 } from "../ids.js";
import { channelList, firstUnreadSeq, timeline, typingNames } from "../selectors.js";
import { open, stateOf, textsOf, type Bench } from "./bench.js";
import { FakeServer } from "./fakeServer.js";
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
    expect(channelOf(bench).opened).toBe(0);
    await world.pass(50);
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

describe("reading and replying", () => {
  it("moves the read position forward only, counts the rest, and tells the server", async () => {
    const { world, server, bench, say } = await begin(3);
    bench.client.openChannel("c-1");
    await world.pass(500);
    expect(channelOf(bench).unread).toBe(3);
    say(2);
    await world.pass(100);
    expect(channelOf(bench).unread).toBe(5);
    const seqs = server.log("c-1").map((p) => p.seq);
    expect(firstUnreadSeq(stateOf(bench), "c-1")).toBe(seqs[0]);
    bench.client.markRead("c-1", seqs[3]!);
    bench.client.markRead("c-1", seqs[1]!);
    bench.client.markRead("c-1", 1e9);
    await world.pass(1_000);
    expect(channelOf(bench)).toMatchObject({ unread: 0, readSeq: seqs[4] });
    expect(server.reads.get("u-ann c-1")).toBe(seqs[4]);
  });

  it("asks again how much is unread when it stopped in the middle", async () => {
    const { world, server, bench } = await begin(9);
    await world.pass(500);
    bench.client.markRead("c-1", server.log("c-1")[3]!.seq);
    await world.pass(2_000);
    expect(channelOf(bench).unread).toBe(5);
  });

  it("keeps a thread in step and counts its replies", async () => {
    const { world, server, bench, say } = await begin(1);
    bench.client.openChannel("c-1");
    const root = server.log("c-1")[0]!.message_id;
    say(120, root);
    await world.pass(1_000);
    const close = bench.client.openThread("c-1", root);
    await world.pass(1_000);
    expect(stateOf(bench).threads[root]).toMatchObject({ hasOlder: true, loading: false });
    say(1, root);
    bench.client.send("c-1", "mine", { parentId: root });
    for (let n = 0; n < 3; n += 1) {
      await world.pass(500);
      void bench.client.loadOlderReplies(root);
    }
    await world.pass(500);
    const thread = stateOf(bench).threads[root]!;
    expect(thread.replies.map((r) => r.text)).toEqual(server.log("c-1").slice(1).map((p) => p.content));
    expect(thread.hasOlder).toBe(false);
    expect(channelOf(bench).messages[0]?.replyCount).toBe(122);
    expect(channelOf(bench).messages).toHaveLength(1);
    close();
  });
});

describe("presence", () => {
  it("shows who types for five seconds, and not oneself", async () => {
    const { world, server, bench } = await begin(1);
    bench.client.openChannel("c-1");
    const session = [...server.sessions][0]!;
    const typing = (user: { id: string; name: string }): void => {
      session["say"]("Typing", { channel_id: "c-1", user_id: user.id, username: user.name });
    };
    typing(BEN);
    typing(ANN);
    await world.pass(1_000);
    expect(typingNames(stateOf(bench), "c-1")).toEqual(["ben"]);
    await world.pass(5_500);
    expect(typingNames(stateOf(bench), "c-1")).toEqual([]);
  });

  it("watches the open channels, and says that one types at most every three seconds", async () => {
    const { world, server, bench } = await begin(1);
    const close = bench.client.openChannel("c-1");
    for (let n = 0; n < 40; n += 1) {
      bench.client.typing("c-1");
      await world.pass(100);
    }
    expect(server.heardActions.filter((a) => a === "Typing")).toHaveLength(2);
    close();
    await world.pass(100);
    expect(server.heardActions.filter((a) => a === "Watch")).toHaveLength(2);
  });
});

describe("snapshots", () => {
  it("stay the same objects while nothing changed, and are published once a frame", async () => {
    const { world, bench, say } = await begin(3);
    bench.client.openChannel("c-1");
    await world.pass(500);
    const before = { list: channelList(stateOf(bench)), items: timeline(stateOf(bench), "c-1") };
    bench.client.openChannel("c-2");
    await world.pass(500);
    expect(timeline(stateOf(bench), "c-1")).toBe(before.items);
    expect(channelList(stateOf(bench))).not.toBe(before.list);
    let published = 0;
    const end = bench.client.subscribe(() => (published += 1));
    say(500);
    await world.pass(1_000);
    end();
    expect(textsOf(bench, "c-1")).toHaveLength(503);
    expect(published).toBeLessThan(5);
  });

  it("have ids that grow within one millisecond", () => {
    const ids = Array.from({ length: 10_000 }, () => uuidv7(1_900_000_000_000));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(ids[0]!.replace("-", "").slice(0, 12), 16)).toBe(1_900_000_000_000);
  });
});
