/* Tests that need more than this folder: the server (PARLEY_BIN), a browser. They skip without. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["app/realtime/tests/*.itest.ts"],
    environment: "node",
    pool: "forks",
    fileParallelism: false,
    /* Node 20 has a WebSocket, but does not show it unless asked. */
    execArgv: ["--experimental-websocket"],
  },
});
