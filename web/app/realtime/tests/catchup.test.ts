/* Holes, what is shown before the network answers, and what was missed for long. */
import { describe, expect, it } from "vitest";
import { cachedForm } from "../cache.js";
import { timeline } from "../selectors.js";
import { open, stateOf, textsOf, type Bench } from "./bench.js";
import { FakeServer, NO_FAULTS } from "./fakeServer.js";
import { World } from "./world.js";

const ANN = { id: "u-ann", name: "ann" };
const BEN = { id: "u-ben", name: "ben" };

function begin(channels = ["c-1"]) {
  const world = new World(7);
  const server = new FakeServer(world, channels);
  const say = (n: number, text: string, channel = "c-1"): void => {
    for (let i = 0; i < n; i += 1) {
      const { post } = server.append(BEN, channel, `${text} ${i}`, null, null);
      for (const session of server.sessions) session.push(post);
    }
  };
  return { world, server, say };
}

const isOnline = (bench: Bench): boolean => stateOf(bench).connection.status === "online";
const resumes = (server: FakeServer): number => server.heardActions.filter((a) => a === "Resume").length;

describe("a hole in the stream", () => {
  it("is seen by prev_seq, and closed by one Resume for all channels", async () => {
    const { world, server, say } = begin(["c-1", "c-2", "c-3"]);
    const bench = open(server, ANN);
    await world.until("online", () => isOnline(bench));
    const channels = ["c-1", "c-2", "c-3"];
    for (const c of channels) bench.client.openChannel(c);
    await world.pass(500);
    for (const c of channels) server.append(BEN, c, `lost in ${c}`, null, null);
    for (const c of channels) say(1, "heard", c);
    await world.pass(1_000);
    expect(resumes(server)).toBe(1);
    for (const c of channels) expect(textsOf(bench, c)).toEqual([`lost in ${c}`, "heard 0"]);
    expect(stateOf(bench).channels["c-1"]?.unread).toBe(2);
    /* The next one is not kept waiting by the first. */
    server.append(BEN, "c-1", "lost again", null, null);
    say(1, "heard");
    await world.pass(1_000);
    expect(resumes(server)).toBe(2);
    expect(textsOf(bench, "c-1")).toContain("lost again");
  });

  it("that the server will not replay is paged, for the channel that is open", async () => {
    const { world, server, say } = begin();
    server.faults = { ...NO_FAULTS, replayMax: 3 };
    const bench = open(server, ANN);
    bench.client.openChannel("c-1");
    await world.until("online", () => isOnline(bench));
    for (let n = 0; n < 250; n += 1) server.append(BEN, "c-1", `lost ${n}`, null, null);
    say(1, "heard");
    await world.pass(5_000);
    expect(textsOf(bench, "c-1")).toHaveLength(251);
    expect(stateOf(bench).channels["c-1"]?.heard).toHaveLength(1);
  });

  it("too long to be paged is shown as a gap, which can be filled", async () => {
    const { world, server, say } = begin();
    const bench = open(server, ANN);
    bench.client.openChannel("c-1");
    await world.until("online", () => isOnline(bench));
    say(5, "before");
    await world.pass(1_000);
    server.faults = { ...NO_FAULTS, replayMax: 3 };
    server.cut([...server.sessions], 1006);
    say(1200, "missed");
    await world.pass(20_000);
    const items = timeline(stateOf(bench), "c-1");
    const gaps = items.filter((i) => i.kind === "gap");
    expect(gaps).toHaveLength(1);
    expect(items.at(-1)).toMatchObject({ kind: "message", message: { text: "missed 1199" } });
    expect(stateOf(bench).channels["c-1"]?.unread).toBe(100);
    for (let n = 0; n < 10; n += 1) {
      const gap = timeline(stateOf(bench), "c-1").find((i) => i.kind === "gap");
      if (gap === undefined) break;
      void bench.client.fillGap("c-1", gap.afterSeq);
      await world.pass(1_000);
    }
    expect(textsOf(bench, "c-1")).toHaveLength(1205);
  });

  it("of a channel nobody looks at is left until it is opened", async () => {
    const { world, server, say } = begin();
    server.faults = { ...NO_FAULTS, replayMax: 3 };
    const bench = open(server, ANN);
    await world.until("online", () => isOnline(bench));
    server.cut([...server.sessions], 1006);
    say(60, "missed");
    await world.pass(20_000);
    expect(textsOf(bench, "c-1")).toEqual([]);
    expect(stateOf(bench).channels["c-1"]?.unread).toBe(60);
    bench.client.openChannel("c-1");
    await world.pass(1_000);
    expect(textsOf(bench, "c-1").at(-1)).toBe("missed 59");
    expect(textsOf(bench, "c-1")).toHaveLength(50);
  });
});

describe("what is on disk", () => {
  it("is shown before the network answers, and resumed", async () => {
    const { world, server, say } = begin();
    say(80, "old");
    const first = open(server, ANN);
    first.client.openChannel("c-1");
    await world.pass(5_000);
    first.crash();
    say(3, "meanwhile");
    server.isDown = true;
    const again = open(server, ANN, { store: first.store });
    await world.pass(1_000);
    expect(textsOf(again, "c-1")).toHaveLength(50);
    expect(textsOf(again, "c-1").at(-1)).toBe("old 79");
    expect(stateOf(again).channels["c-1"]).toMatchObject({ name: "name of c-1", hasOlder: true });
    server.isDown = false;
    await world.until("online", () => isOnline(again));
    await world.pass(1_000);
    expect(textsOf(again, "c-1")).toHaveLength(53);
    expect(stateOf(again).channels["c-1"]?.ranges).toHaveLength(1);
    void again.client.loadOlder("c-1");
    await world.pass(1_000);
    expect(textsOf(again, "c-1")).toHaveLength(83);
    expect(stateOf(again).channels["c-1"]?.hasOlder).toBe(false);
  });

  it("of a server that was set back is read again", async () => {
    const { world, server, say } = begin();
    say(10, "kept");
    const bench = open(server, ANN);
    bench.client.openChannel("c-1");
    await world.until("online", () => isOnline(bench));
    say(5, "lost with the disk");
    await world.pass(1_000);
    server.isDown = true;
    server.cut([...server.sessions], 1006);
    server.log("c-1").splice(10);
    server.isDown = false;
    await world.until("online again", () => isOnline(bench) && server.sessions.size === 1);
    await world.pass(2_000);
    expect(textsOf(bench, "c-1")).toEqual(server.log("c-1").map((p) => p.content));
    say(1, "after");
    await world.pass(1_000);
    expect(textsOf(bench, "c-1").at(-1)).toBe("after 0");
  });

  it("is the newest part without a hole, and none where there is one", async () => {
    const { world, server, say } = begin();
    say(80, "x");
    const bench = open(server, ANN);
    bench.client.openChannel("c-1");
    await world.pass(2_000);
    void bench.client.loadOlder("c-1");
    await world.pass(1_000);
    const channel = stateOf(bench).channels["c-1"]!;
    expect(channel.messages).toHaveLength(80);
    const cached = cachedForm(channel, 5);
    expect(cached?.messages).toHaveLength(50);
    expect(cached?.range).toEqual({ after: channel.messages[29]?.seq, to: channel.headSeq });
    expect(cachedForm({ ...channel, heard: [{ after: 0, to: 1 }, { after: 2, to: 3 }] }, 5)).toBeNull();
    expect(cachedForm({ ...channel, joined: false }, 5)).toBeNull();
  });
});
