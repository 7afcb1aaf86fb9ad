import { fileURLToPath } from "node:url";
import { reactRouter } from "@react-router/dev/vite";
import { defineConfig } from "vitest/config";

const api = process.env.PARLEY_API ?? "http://127.0.0.1:9000";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// What every page needs comes in one file: it compresses better, and is one trip to the server.
const core = [
  /node_modules\/(react|react-dom|scheduler|react-router|@emotion|stylis|cookie|set-cookie-parser)\//,
  /\/app\/(ui\/(?!Dialog|Menu)|api\/|render|root|offline|entry\.client|i18n\/(?!zh-Hant)|features\/(auth|settings\/(preferences|ThemeColor)))/,
];

// What every channel needs, likewise.
const chat =
  /node_modules\/(markdown-it|linkify-it|uc\.micro|mdurl|punycode\.js|@tanstack)\/|\/app\/(realtime|markdown|ui|features\/(chat|channels\/last|composer|messages|notifications|shell|shortcuts\/(?!ShortcutSheet)|thread))/;

export default defineConfig(({ isSsrBuild }) => ({
  plugins: process.env.VITEST ? [] : [reactRouter()],
  resolve: {
    alias: [
      { find: "~", replacement: here("./app") },
      { find: /^hoist-non-react-statics$/, replacement: here("./app/ui/noStatics.ts") },
      { find: /^entities$/, replacement: here("./app/markdown/entities.ts") },
    ],
  },
  define: { "import.meta.env.PARLEY_SSR": JSON.stringify(process.env.PARLEY_SSR === "1") },
  ssr: { noExternal: ["markdown-it"] },
  esbuild: { jsx: "automatic", jsxImportSource: "@emotion/react" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the policy of the pages allows no data: addresses
    rollupOptions: isSsrBuild
      ? {}
      : {
          output: {
            manualChunks: (id) =>
              core.some((part) => part.test(id)) ? "core" : chat.test(id) ? "chat" : undefined,
          },
        },
  },
  server: { proxy: { "/api": { target: api, ws: true, changeOrigin: true } } },
  test: { include: ["app/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"], environment: "node" },
}));
