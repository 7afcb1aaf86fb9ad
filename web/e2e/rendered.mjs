// The pages rendered by Node, on a free port, before a chat server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { freePort } from "./parley.mjs";

export async function startRendered(api) {
  const port = await freePort();
  const node = spawn(process.execPath, [fileURLToPath(new URL("../server/ssr.mjs", import.meta.url))], {
    env: { ...process.env, PARLEY_API: api, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(node, "exit").then(([code]) => assert.fail(`the pages' server ended with ${code}`));
  await Promise.race([once(node.stdout, "data"), ended]);
  ended.catch(() => undefined); // it is stopped when the tests are over
  return { url: `http://127.0.0.1:${port}`, stop: () => node.kill() };
}
