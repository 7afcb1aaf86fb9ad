// A chat server of the test's own: on a free port, in a directory of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveStatic } from "./static.mjs";

const binary = process.env.PARLEY_BIN ??
  fileURLToPath(new URL("../../build/dev/src/cli/parley", import.meta.url));
const pages = fileURLToPath(new URL("../build/client", import.meta.url));
const READY_MS = 10_000;

export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** Tests log in, register and write faster than people. */
const unhurried = {
  PARLEY_LIMITS_LOGINS_PER_MIN_ADDRESS: "0",
  PARLEY_LIMITS_LOGINS_PER_MIN_ACCOUNT: "0",
  PARLEY_LIMITS_MESSAGES_PER_S: "0",
  PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS: "0",
};

export async function startParley({ env = {} } = {}) {
  const data = await mkdtemp(join(tmpdir(), "parley-e2e-"));
  const port = await freePort();
  const args = ["serve", "--data", data, "--listen", `127.0.0.1:${port}`, "--log-level", "warn",
    "--web", pages];
  let child;

  async function start(more = {}) {
    child = spawn(binary, args, { env: { ...process.env, ...unhurried, ...env, ...more }, stdio: "ignore" });
    for (const end = Date.now() + READY_MS; ; ) {
      if (await fetch(`http://127.0.0.1:${port}/healthz`).then((r) => r.ok, () => false)) return;
      if (Date.now() > end || child.exitCode !== null) throw new Error("parley did not start");
      await new Promise((r) => setTimeout(r, 50));
    }
  }
  async function end(signal) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }
  await start();
  const api = `http://127.0.0.1:${port}`;
  const front = (await servesPages(api)) ? null : await serveStatic({ port: await freePort(), api });
  return {
    api,
    url: front ? `http://127.0.0.1:${front.address().port}` : api,
    /** Again, on the same data; `more` is environment for this run only. */
    start,
    /** As a power cut would. */
    kill: () => end("SIGKILL"),
    async stop() {
      await end("SIGTERM");
      front?.closeAllConnections();
      front?.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function servesPages(api) {
  const answer = await fetch(`${api}/login`, { headers: { Accept: "text/html" } });
  return (answer.headers.get("content-type") ?? "").startsWith("text/html");
}
