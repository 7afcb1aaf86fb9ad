/* What is shown before the network answers. */
import { describe, expect, it } from "vitest";
import { cachedForm } from "../cache.js";
import { open, stateOf, textsOf, type Bench } from "./bench.js";
import { FakeServer } from "./fakeServer.js";
import { World } from "./world.js";

const ANN = { id: "u-ann", name: "ann" };
const BEN = { id: "u-ben", name: "ben" };

function begin() {
  const world = new World(7);
  const server = new FakeServer(world, ["c-1"]);
  const say = (n: number, text: string): void => {
    for (let i = 0; i < n; i += 1) {
      const { post } = server.append(BEN, "c-1", `${text} ${i}`, null, null);
      for (const session of server.sessions) session.push(post);
    }
  };
  return { world, server, say };
}

const isOnline = (bench: Bench): boolean => stateOf(bench).connection.status === "online";
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
