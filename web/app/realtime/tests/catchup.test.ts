/* Holes, and what was missed for long. */
import { describe, expect, it } from "vitest";
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
