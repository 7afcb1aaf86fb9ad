/* Reading, replying, typing, and how changes are told. */
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
