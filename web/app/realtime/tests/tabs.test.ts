/* Several tabs of one user over one store. */
import { describe, expect, it } from "vitest";
import { memoryStore } from "../store.js";
import type { TabMessage } from "../tabs.js";
import { open, stateOf, textsOf } from "./bench.js";
import { FakeServer } from "./fakeServer.js";
import { FakeTabs } from "./fakeTabs.js";
import { seeds } from "./random.js";
import { World } from "./world.js";

const ANN = { id: "u-ann", name: "ann" };

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

  it("do not show as pending what was sent, however late they hear of it", async () => {
    const world = new World(6);
    const server = new FakeServer(world, ["c-1"]);
    const tabs = new FakeTabs(world);
    const store = memoryStore();
    const [a, b] = [0, 1].map(() => open(server, ANN, { store, tabs: tabs.tab() }));
    await world.pass(1_000);
    let late: TabMessage | null = null;
    const third = tabs.tab();
    third.open(
      (message) => {
        if (message.type === "entry") late = message;
      },
      () => undefined,
    );
    const parentId = server.append(ANN, "c-1", "root", null, null).post.message_id;
    a!.client.send("c-1", "a reply in a thread nobody has open", { parentId });
    await world.pass(2_000);
    expect(server.log("c-1")).toHaveLength(2);
    third.post(late!);
    await world.pass(1_000);
    expect([a, b].map((bench) => stateOf(bench!).outbox)).toEqual([[], []]);
    expect(server.heardActions.filter((action) => action === "CreateReply")).toHaveLength(1);
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
