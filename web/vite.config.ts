import { fileURLToPath } from "node:url";
import { reactRouter } from "@react-router/dev/vite";
import { defineConfig } from "vitest/config";

const api = process.env.PARLEY_API ?? "http://127.0.0.1:9000";

export default defineConfig({
  plugins: process.env.VITEST ? [] : [reactRouter()],
  resolve: { alias: { "~": fileURLToPath(new URL("./app", import.meta.url)) } },
  esbuild: { jsx: "automatic", jsxImportSource: "@emotion/react" },
  build: {
    target: "es2022",
    // Nothing may be inlined as data: into a page whose policy forbids it.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": { target: api, ws: true, changeOrigin: true } } },
  test: { include: ["app/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"], environment: "node" },
});
