// Serves web/build/client as the C program does, with the chat server behind /api; for work on the
// pages where a binary without embedded pages is at hand: node e2e/static.mjs PORT API
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { createProxy } from "../server/proxy.mjs";
import { pageHeaders } from "../server/security.mjs";

const types = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css",
  ".svg": "image/svg+xml", ".png": "image/png", ".webmanifest": "application/manifest+json",
};

export async function serveStatic({ port, api, dir = fileURLToPath(new URL("../build/client", import.meta.url)) }) {
  const { pages } = JSON.parse(await readFile(join(dir, "..", "csp.json"), "utf8"));
  const proxy = createProxy(api);
  const find = async (path) => {
    for (const file of [path, join(path, "index.html"), "index.html"]) {
      const data = await readFile(join(dir, file)).catch(() => null);
      if (data) return { file: normalize(file), data };
    }
  };
  const server = createServer(async (req, res) => {
    const path = decodeURIComponent(new URL(req.url, "http://x").pathname).replace(/^\/+/, "");
    if (/^(api\/|healthz|readyz|metrics)/.test(path)) return proxy.pass(req, res);
    const { file, data } = await find(normalize(path).replace(/^(\.\.\/)+/, ""));
    const gz = /gzip/.test(req.headers["accept-encoding"] ?? "") &&
      (await readFile(join(dir, `${file}.gz`)).catch(() => null));
    res.writeHead(200, {
      "Content-Type": types[extname(file)] ?? "application/octet-stream",
      "Cache-Control": file.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      ...(gz ? { "Content-Encoding": "gzip" } : {}),
      ...(pages[file] ? pageHeaders(pages[file]) : {}),
    });
    res.end(gz || data);
  });
  server.on("upgrade", proxy.upgrade);
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return server;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await serveStatic({ port: Number(process.argv[2]), api: process.argv[3] });
}
