// The pages rendered by Node: PARLEY_API=http://127.0.0.1:9000 PORT=3000 node server/ssr.mjs
// Everything below /api goes on to the chat server, so that browsers know one origin only.
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createRequestHandler } from "react-router";
import { createProxy } from "./proxy.mjs";
import { pageHeaders } from "./security.mjs";

const api = process.env.PARLEY_API ?? "http://127.0.0.1:9000";
const host = process.env.HOST ?? "127.0.0.1";
const port = Number(process.env.PORT ?? 3000);
const BODY_BYTES_MAX = 64 * 1024;
const client = fileURLToPath(new URL("../build-ssr/client", import.meta.url));
const types = {
  ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

const render = createRequestHandler(await import("../build-ssr/server/index.js"), "production");
const proxy = createProxy(api);

const server = createServer((req, res) => {
  answer(req, res).catch((error) => {
    // Whoever asked has gone: nobody is left to be told.
    if (error.code === "ERR_STREAM_PREMATURE_CLOSE") return res.destroy();
    console.error(error);
    if (!res.headersSent) res.writeHead(500);
    res.end();
  });
});
server.on("upgrade", (req, socket, head) =>
  req.url.startsWith("/api/") ? proxy.upgrade(req, socket, head) : socket.destroy());
server.listen(port, host, () => console.log(`pages are ready: http://${host}:${server.address().port}`));
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}

async function answer(req, res) {
  const path = decodeURIComponent(new URL(req.url, "http://x").pathname);
  if (path.startsWith("/api/")) return proxy.pass(req, res);
  if (["GET", "HEAD"].includes(req.method) && (await sendFile(path, res))) return;
  if (req.method !== "GET" && req.method !== "HEAD" && !isOwnForm(req)) return refuse(res, 403);
  if (Number(req.headers["content-length"] ?? 0) > BODY_BYTES_MAX) return refuse(res, 413);
  const nonce = randomBytes(16).toString("base64");
  const response = await render(toRequest(req), { nonce });
  await send(response, nonce, res);
}

/** A form of these pages, not another site's with this site's cookie. */
function isOwnForm(req) {
  const { origin, host: own, "sec-fetch-site": site } = req.headers;
  if (origin && origin !== "null") return URL.canParse(origin) && new URL(origin).host === own;
  return site === "same-origin";
}

function refuse(res, status) {
  res.writeHead(status, { Connection: "close" });
  res.end();
}

function toRequest(req) {
  const headers = new Headers();
  for (let i = 0; i < req.rawHeaders.length; i += 2) headers.append(req.rawHeaders[i], req.rawHeaders[i + 1]);
  headers.set("X-Forwarded-For", req.socket.remoteAddress ?? "");
  const hasBody = req.method !== "GET" && req.method !== "HEAD";
  return new Request(`http://${req.headers.host ?? host}${req.url}`, {
    method: req.method,
    headers,
    ...(hasBody ? { body: Readable.toWeb(bounded(req)), duplex: "half" } : {}),
  });
}

function bounded(req) {
  let n = 0;
  req.on("data", (piece) => {
    n += piece.length;
    if (n > BODY_BYTES_MAX) req.destroy();
  });
  return req.pause();
}

async function send(response, nonce, res) {
  const isPage = (response.headers.get("content-type") ?? "").startsWith("text/html");
  const headers = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  res.writeHead(response.status, {
    ...headers,
    ...(cookies.length ? { "set-cookie": cookies } : {}),
    "cache-control": "no-store",
    ...(isPage ? pageHeaders({ script: [`'nonce-${nonce}'`], style: [`'nonce-${nonce}'`] }) : {}),
  });
  if (response.body) await pipeline(Readable.fromWeb(response.body), res);
  else res.end();
}

async function sendFile(path, res) {
  const file = join(client, normalize(path));
  const found = file.startsWith(client) && (await stat(file).catch(() => null));
  if (!found || !found.isFile()) return false;
  res.writeHead(200, {
    "Content-Type": types[extname(file)] ?? "application/octet-stream",
    "Content-Length": found.size,
    "Cache-Control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    "X-Content-Type-Options": "nosniff",
  });
  await pipeline(createReadStream(file), res);
  return true;
}
