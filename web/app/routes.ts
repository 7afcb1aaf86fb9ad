import { index, layout, route, type RouteConfig } from "@react-router/dev/routes";

// One source, two builds: X.ssr.tsx is X.tsx with a loader and an action that run on the server.
const page = (name: string) =>
  process.env.PARLEY_SSR === "1" ? `routes/${name}.ssr.tsx` : `routes/${name}.tsx`;

export default [
  route("login", page("login")),
  route("register", page("register")),
  route("logout", page("logout")),
  layout(page("shell"), [
    index("routes/home.tsx"),
    route("browse", page("browse")),
    route("c/:channelId", page("channel"), [route("t/:messageId", "routes/thread.tsx")]),
    route("*", "routes/lost.tsx"),
  ]),
] satisfies RouteConfig;
