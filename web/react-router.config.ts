import type { Config } from "@react-router/dev/config";

const ssr = process.env.PARLEY_SSR === "1";

export default {
  ssr,
  appDirectory: "app",
  buildDirectory: ssr ? "build-ssr" : "build",
  // The pages people see first are written out at build time, so that they show before any script.
  prerender: ssr ? false : ["/login", "/register"],
  routeDiscovery: { mode: "initial" },
} satisfies Config;
