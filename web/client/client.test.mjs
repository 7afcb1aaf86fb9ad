/* The package as it is published: builds, loads under this Node, and speaks. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { createClient, logIn, RequestFailed } from "@parley/client";

function serve(answer) {
  const server = createServer((request, response) => response.end(JSON.stringify(answer(request))));
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() });
    });
  });
}

test("logs in, and says why it could not", async () => {
  const data = { id: "u-1", name: "bot", token: "t" };
  const good = await serve(() => ({ status: "success", message: "", data }));
  assert.deepEqual(await logIn(good.origin, "a@b", "secret"), {
    user: { id: "u-1", name: "bot" },
    token: "t",
  });
  good.close();
  const bad = await serve(() => ({ status: "fail", code: "unauthorized", message: "Password is wrong" }));
  await assert.rejects(logIn(bad.origin, "a@b", "no"), (error) => {
    return error instanceof RequestFailed && error.fault.code === "unauthorized";
  });
  bad.close();
});

test("says the token, then Hello, with the WebSocket it was given", async () => {
  const said = [];
  class FakeSocket {
    constructor(url) {
      said.push(url);
      queueMicrotask(() => this.onopen());
    }
    send(text) {
      said.push(text);
    }
    close() {}
  }
  const user = { id: "u-1", name: "bot" };
  const origin = "http://127.0.0.1:1";
  const client = createClient({ origin, user, token: "t", WebSocket: FakeSocket });
  client.start();
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.stop();
  assert.deepEqual(said.slice(0, 2), ["ws://127.0.0.1:1/api/message/ws", "Authorization: Bearer t"]);
  assert.deepEqual(JSON.parse(said[2]).data, { protocol: 1, resume: {}, watch: [] });
});
