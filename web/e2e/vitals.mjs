// What the measurements share.
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { gzipSync } from "node:zlib";

/** 4G as the browser's own tools have it, and a processor four times slower. */
export async function slowDown(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", {
    offline: false, latency: 60, downloadThroughput: (9_000_000 / 8) * 0.9, uploadThroughput: (1_500_000 / 8) * 0.9,
  });
  await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
}

/** For addInitScript: `window.vitals`. */
export const watchVitals = () => {
  window.vitals = { lcp: 0, cls: 0 };
  const watch = (type, see) =>
    new PerformanceObserver((list) => list.getEntries().forEach(see)).observe({ type, buffered: true });
  watch("largest-contentful-paint", (e) => { window.vitals.lcp = e.startTime; });
  watch("layout-shift", (e) => { if (!e.hadRecentInput) window.vitals.cls += e.value; });
};

/** The scripts that the page fetched, as they weigh under gzip (brotli is smaller). */
export async function scriptBytes(page) {
  const urls = await page.evaluate(() => performance.getEntriesByType("resource").map((r) => r.name));
  const files = new Set(urls.map((u) => new URL(u).pathname).filter((p) => p.startsWith("/assets/") && p.endsWith(".js")));
  const sizes = await Promise.all([...files].map(async (file) =>
    gzipSync(await readFile(new URL(`../build/client${file}`, import.meta.url)), { level: 9 }).length));
  return sizes.reduce((sum, n) => sum + n, 0);
}

/** The tasks of the page's main thread while `act` goes on, in milliseconds of that thread's own time:
 * what else the machine does is not counted. */
export async function mainTasks(browser, page, act) {
  await browser.startTracing(page, { categories: ["disabled-by-default-devtools.timeline", "devtools.timeline"] });
  await act();
  const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
  const names = traceEvents.filter((e) => e.name === "thread_name" && e.args.name === "CrRendererMain");
  const threads = names.map(({ pid, tid }) =>
    traceEvents.filter((e) => e.name === "RunTask" && e.pid === pid && e.tid === tid).map((e) => (e.tdur ?? 0) / 1000));
  const total = (tasks) => tasks.reduce((sum, ms) => sum + ms, 0);
  return threads.sort((a, b) => total(b) - total(a))[0].sort((a, b) => b - a);
}

/** Fills a channel, many requests at a time. */
export async function fill(api, who, channel, count) {
  const agent = new Agent({ keepAlive: true, maxSockets: 24 });
  const { hostname, port } = new URL(api);
  const long = "\n\nand a second paragraph that is somewhat longer, so that it takes two lines where the window is narrow";
  const send = (i) => new Promise((done, fail) => {
    const body = JSON.stringify({
      channel_id: channel.id, content: `message ${i} with **some** words in it${i % 7 ? "" : long}`,
    });
    const headers = { Authorization: `Bearer ${who.token}`, "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const req = request({ agent, hostname, port, path: "/api/message", method: "POST", headers }, (res) => {
      res.resume();
      res.on("end", () => (res.statusCode === 200 ? done() : fail(new Error(`status ${res.statusCode}`))));
    });
    req.on("error", fail);
    req.end(body);
  });
  let next = 0;
  await Promise.all(Array.from({ length: 24 }, async () => { while (next < count) await send(next++); }));
  agent.destroy();
}
