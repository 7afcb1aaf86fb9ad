/* Against the real server: two clients talk while it is killed and started again under them.
 *
 * PARLEY_BIN=../build/dev/src/cli/parley npx vitest run -c vitest.integration.config.ts */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../client.js";
import { createClient, logIn, type Session } from "../node.js";
import { memoryStore } from "../store.js";

const binary = process.env["PARLEY_BIN"];
const WAIT_MS = 30_000;

let directory = "";
let port = 0;
let server: ChildProcess | null = null;
const origin = (): string => `http://127.0.0.1:${port}`;

function freePort(): Promise<number> {
  return new Promise((found) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => found(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function until(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await pause(25)) {
    if (await is()) return;
  }
  throw new Error(`not within ${WAIT_MS} ms: ${what}`);
}

async function startServer(): Promise<void> {
  const options = ["serve", "--data", directory, "--listen", `127.0.0.1:${port}`];
  const env = { ...process.env, PARLEY_LIMITS_MESSAGES_PER_S: "0" };
  server = spawn(resolve(binary ?? ""), options, { stdio: "ignore", env });
  await until("the server is ready", async () => {
    return (await fetch(`${origin()}/readyz`).catch(() => null))?.ok ?? false;
  });
}

function endServer(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const ending = server;
  server = null;
  if (ending === null || ending.exitCode !== null) return Promise.resolve();
  const ended = new Promise<void>((done) => ending.once("exit", () => done()));
  ending.kill(signal);
  return ended;
}

async function post(path: string, body: object, token?: string): Promise<{ data: { id: string } }> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const answer = await fetch(`${origin()}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json();
}

async function account(name: string): Promise<Session> {
  const email = `${name}@example.org`;
  await post("/api/register", { username: name, email, password: "a long password 1" });
  return logIn(origin(), email, "a long password 1");
}

const textsOf = (client: Client, channel: string): readonly string[] => {
  return client.getSnapshot().channels[channel]?.messages.map((m) => m.text) ?? [];
};

describe.skipIf(binary === undefined)("with the real server", () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parley-client-"));
    port = await freePort();
    await startServer();
  });

  afterAll(async () => {
    await endServer("SIGTERM");
    rmSync(directory, { recursive: true, force: true });
  });

  it("both end with the same list, nothing lost, nothing twice", { timeout: 120_000 }, async () => {
    const [ada, bob] = [await account("ada"), await account("bob")];
    const channel = (await post("/api/channel", { name: "engines" }, ada.token)).data.id;
    await post("/api/channel/join", { channel_id: channel }, bob.token);
    const clients = [ada, bob].map((s) => createClient({ origin: origin(), ...s }));
    const heard: string[] = [];
    clients[1]!.onPost((p) => heard.push(p.text));
    for (const client of clients) {
      client.start();
      client.openChannel(channel);
    }
    const isOnline = (c: Client): boolean => c.getSnapshot().connection.status === "online";
    await until("both are online", () => clients.every(isOnline));

    const sent: string[] = [];
    const talk = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i += 1) {
        const at = i % 2;
        sent.push(`${at} ${sent.length}`);
        clients[at]!.send(channel, sent.at(-1)!);
        await pause(3);
      }
    };
    await talk(100);
    const killed = endServer("SIGKILL");
    await talk(60);
    await killed;
    await startServer();
    await talk(60);
    /* A drain tells them to come back (1012). */
    const drained = endServer("SIGTERM");
    await talk(60);
    await drained;
    await startServer();
    const root = clients[0]!.getSnapshot().channels[channel]!.messages[0]!;
    clients[1]!.send(channel, "a reply", { parentId: root.id });
    for (const client of clients) client.retryNow();
    await until("the outboxes are empty", () => {
      return clients.every((c) => isOnline(c) && c.getSnapshot().outbox.length === 0);
    });
    await until("both have all", () => clients.every((c) => textsOf(c, channel).length >= sent.length));

    const [hers, his] = clients.map((c) => textsOf(c, channel));
    expect(his).toEqual(hers);
    expect([...hers!].sort()).toEqual([...sent].sort());
    for (const at of ["0", "1"]) {
      const own = (t: string): boolean => t.startsWith(`${at} `);
      expect(hers!.filter(own)).toEqual(sent.filter(own));
    }
    await until("the reply is counted", () => {
      return clients.every((c) => c.getSnapshot().channels[channel]!.messages[0]!.replyCount === 1);
    });
    expect([...heard].sort()).toEqual([...sent, "a reply"].sort());
    for (const client of clients) client.stop();
  });

  it("a message composed while it was away is sent by the next run", { timeout: 60_000 }, async () => {
    const cem = await account("cem");
    const channel = (await post("/api/channel", { name: "notes" }, cem.token)).data.id;
    const store = memoryStore();
    const first = createClient({ origin: origin(), ...cem, store });
    first.start();
    await until("online", () => first.getSnapshot().channels[channel]?.joined === true);
    await endServer("SIGKILL");
    const id = first.send(channel, "for later");
    await pause(50);
    first.stop();
    await startServer();
    const second = createClient({ origin: origin(), ...cem, store });
    second.openChannel(channel);
    second.start();
    await until("sent", () => textsOf(second, channel).length === 1);
    expect(second.getSnapshot().channels[channel]?.messages[0]?.clientMsgId).toBe(id);
    expect(await store.entries()).toEqual([]);
    await post("/api/logout", {}, cem.token);
    await until("signed out", () => second.getSnapshot().connection.stopReason === "signed_out");
    second.stop();
  });
});
