/* What the server refuses: for good, or for a while. */
import { describe, expect, it } from "vitest";
import { open, stateOf } from "./bench.js";
import { FakeServer } from "./fakeServer.js";
import { World } from "./world.js";

const ANN = { id: "u-ann", name: "ann" };

async function begin() {
  const world = new World(3);
  const server = new FakeServer(world, ["c-1"]);
  const bench = open(server, ANN);
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
  constructor(readonly code: string) {
    super(code);
  }
}

describe("a refused message", () => {
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
});
