/* One connection after the other, against the fake server. */
import { describe, expect, it } from "vitest";
import { open, stateOf, textsOf } from "./bench.js";
import { FakeServer } from "./fakeServer.js";
import { World } from "./world.js";

const ANN = { id: "u-ann", name: "ann" };
const BEN = { id: "u-ben", name: "ben" };

async function begin() {
  const world = new World(1);
  const server = new FakeServer(world, ["c-1"]);
  const bench = open(server, ANN);
  await world.until("online", () => stateOf(bench).connection.status === "online", 5_000);
  return { world, server, bench };
}

const sessionOf = (server: FakeServer) => [...server.sessions];

describe("a connection", () => {
  it("that is cut shows when it comes back, and comes back at once when asked", async () => {
    const { world, server, bench } = await begin();
    await world.pass(10_000);
    server.isDown = true;
    server.cut(sessionOf(server), 1006);
    await world.pass(60_000);
    for (let n = 0; stateOf(bench).connection.status !== "waiting" && n < 50; n += 1) await world.pass(20);
    const { status, retryAt, attempt, everOnline } = stateOf(bench).connection;
    expect({ status, everOnline }).toEqual({ status: "waiting", everOnline: true });
    expect(attempt).toBeGreaterThan(2);
    expect(retryAt).toBeGreaterThanOrEqual(world.now);
    expect(retryAt).toBeLessThanOrEqual(world.now + 30_000);
    server.isDown = false;
    bench.client.retryNow();
    expect(stateOf(bench).connection.status).toBe("connecting");
    await world.pass(100);
    expect(stateOf(bench).connection).toMatchObject({ status: "online", attempt: 0, retryAt: null });
  });

  it("that is silent is asked for a sign of life, and given up without one", async () => {
    const { world, server, bench } = await begin();
    await world.pass(26_000);
    expect(server.heardActions).toContain("Ping");
    await world.pass(60_000);
    expect(stateOf(bench).connection.status).toBe("online");
    const before = server.sessions.size;
    server.cut(sessionOf(server), null);
    expect(before - server.sessions.size).toBe(1);
    await world.pass(24_000 + 10_000 + 1_000);
    await world.until("online again", () => server.sessions.size === 1, 5_000);
    expect(stateOf(bench).connection.status).toBe("online");
  });

  it("is not sought any more when the log-in is void", async () => {
    const { world, server, bench } = await begin();
    server.cut(sessionOf(server), 4001);
    await world.pass(120_000);
    const { status, stopReason } = stateOf(bench).connection;
    expect({ status, stopReason }).toEqual({ status: "stopped", stopReason: "signed_out" });
    expect(server.sessions.size).toBe(0);
  });

  it("of another user's cookie sends nothing of mine", async () => {
    const world = new World(2);
    const server = new FakeServer(world, ["c-1"]);
    const connect = server.connect.bind(server);
    server.connect = (_user, handlers) => connect(BEN, handlers);
    const bench = open(server, ANN);
    bench.client.send("c-1", "for ann's friends");
    await world.pass(60_000);
    expect(stateOf(bench).connection.stopReason).toBe("signed_out");
    expect(server.log("c-1")).toEqual([]);
    expect(stateOf(bench).outbox).toHaveLength(1);
  });

  it("that ended by stop() begins again by start() and resumes", async () => {
    const { world, server, bench } = await begin();
    bench.client.openChannel("c-1");
    server.append(BEN, "c-1", "one", null, null);
    bench.client.stop();
    expect(stateOf(bench).connection).toMatchObject({ status: "stopped", stopReason: "closed" });
    server.append(BEN, "c-1", "two", null, null);
    await world.pass(60_000);
    expect(server.sessions.size).toBe(0);
    bench.client.start();
    await world.pass(5_000);
    expect(textsOf(bench, "c-1")).toEqual(["one", "two"]);
    expect(stateOf(bench).channels["c-1"]?.unread).toBe(2);
  });

  it("survives frames that make no sense", async () => {
    const { world, server, bench } = await begin();
    const session = sessionOf(server)[0]!;
    const say = (text: string): void => session["handlers"].text(text);
    for (const text of ["", "null", "[]", "{}", '{"action":"Message","data":{"seq":-1}}']) say(text);
    say('{"action":"Novelty","status":"success","message":"","data":{"a":1}}');
    await world.pass(1_000);
    expect(stateOf(bench).connection.status).toBe("online");
    expect(stateOf(bench).channels["c-1"]?.messages).toEqual([]);
  });
});
