// After `react-router build`, on the static build: the service worker with its list of files, the
// policy's hashes of each page, and every file once more as .br and .gz.
import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const root = process.argv[2] ?? fileURLToPath(new URL("../build/client", import.meta.url));
const text = /\.(html|js|css|json|svg|webmanifest|txt|map)$/;
const WORTH_BYTES = 256;

async function* filesBelow(dir) {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

const sha256 = (data) => `'sha256-${createHash("sha256").update(data).digest("base64")}'`;

/** What a page's inline scripts and styles hash to, as a Content-Security-Policy names them. */
function hashesOf(html) {
  const inline = (tag) =>
    [...html.matchAll(new RegExp(`<${tag}\\b([^>]*)>([\\s\\S]*?)</${tag}>`, "g"))]
      .filter(([, attributes]) => !/\ssrc=/.test(attributes))
      .map(([, , body]) => sha256(body));
  return {
    script: [...new Set(inline("script"))],
    // Emotion adds rules to an empty element at run time; an empty text has this hash.
    style: [...new Set([...inline("style"), sha256("")])],
  };
}

const paths = [];
for await (const path of filesBelow(root)) {
  if (/\.(br|gz)$/.test(path)) await rm(path);
  else paths.push(path);
}
const urlOf = (path) => `/${relative(root, path).split("\\").join("/")}`;

// Without pages made at build time React Router calls the shell index.html, with them __spa-fallback.html.
const shell = paths.find((p) => p.endsWith("__spa-fallback.html")) ?? join(root, "index.html");
// Whoever opens the shell is on the way to a channel: what that needs is fetched beside the first
// script, not after it.
const manifestFile = paths.find((p) => /assets\/manifest-\w+\.js$/.test(urlOf(p)));
const manifest = JSON.parse(/^window\.__reactRouterManifest=(.*?);?$/s.exec(await readFile(manifestFile, "utf8"))[1]);
const needed = new Set(["routes/shell", "routes/channel"].flatMap((id) =>
  [manifest.routes[id].module, ...manifest.routes[id].imports]));
const page = await readFile(shell, "utf8");
const ahead = [...needed].filter((file) => !page.includes(`href="${file}"`));
const preload = ahead.map((file) => `<link rel="modulepreload" href="${file}"/>`).join("");
// In front of the style sheet: what paints the channel is needed as early as what paints the shell.
await writeFile(shell, page.replace('<link rel="stylesheet"', () => `${preload}<link rel="stylesheet"`));

const cached = paths.map(urlOf).filter((u) => u.startsWith("/assets/") || /^\/(favicon|icons|manifest)/.test(u));
const version = createHash("sha256").update(cached.join() + (await readFile(shell, "utf8"))).digest("hex").slice(0, 12);
const worker = (await readFile(new URL("./sw.template.js", import.meta.url), "utf8"))
  .replace("__VERSION__", version)
  .replace("/__SHELL__", "/")
  .replace("__FILES__", JSON.stringify(cached));
await writeFile(join(root, "sw.js"), worker);
paths.push(join(root, "sw.js"));

const pages = {};
for (const path of paths.filter((p) => p.endsWith(".html"))) {
  pages[relative(root, path)] = hashesOf(await readFile(path, "utf8"));
}
await writeFile(join(root, "..", "csp.json"), `${JSON.stringify({ pages }, null, 2)}\n`);

for (const path of new Set(paths)) {
  if (!text.test(path) || (await stat(path)).size < WORTH_BYTES) continue;
  const data = await readFile(path);
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(data, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length },
    }),
    promisify(gzip)(data, { level: 9 }),
  ]);
  if (br.length < data.length) await writeFile(`${path}.br`, br);
  if (gz.length < data.length) await writeFile(`${path}.gz`, gz);
}
console.log(`postbuild: ${paths.length} files, ${Object.keys(pages).length} pages, shell ${relative(root, shell)}`);
