/* What only a browser has: IndexedDB, Web Locks, BroadcastChannel. In Debian's Chromium. */
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type * as Exposed from "./browserEntry.js";

declare global {
  interface Window {
    realtime: typeof Exposed;
    client: ReturnType<typeof Exposed.createBrowserClient>;
    leads: string[];
  }
}

const path = process.env["PARLEY_CHROMIUM"] ?? "/usr/bin/chromium";
const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const ADA = { id: "u-ada", name: "ada" };

let server: Server;
let browser: Browser;
let context: BrowserContext;
let origin = "";

async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL("./browserEntry.ts", import.meta.url));
  const options = { format: "iife", globalName: "realtime", platform: "browser" } as const;
  const built = await build({ entryPoints: [entry], bundle: true, write: false, ...options });
  return built.outputFiles[0]?.text ?? "";
}

async function page(): Promise<Page> {
  const opened = await context.newPage();
  await opened.goto(origin);
  return opened;
}

const outboxOf = (on: Page): Promise<string[]> => {
  return on.evaluate(() => window.client.getSnapshot().outbox.map((e) => e.text));
};

/** A client as the pages have it; the server it looks for is not there. */
async function start(on: Page): Promise<void> {
  await on.evaluate((user) => {
    window.client = window.realtime.createBrowserClient({ user });
    window.client.start();
  }, ADA);
  await on.waitForFunction(() => window.client.getSnapshot().connection.attempt > 0);
}

describe.skipIf(!existsSync(path))("in a browser", { timeout: 30_000 }, () => {
  beforeAll(async () => {
    const script = await bundle();
    server = createServer((request, response) => {
      const isScript = request.url === "/script.js";
      if (request.url !== "/" && !isScript) response.statusCode = 503;
      response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? script : "<!doctype html><script src=/script.js></script>");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
    browser = await chromium.launch({ executablePath: path, args });
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    server.close();
  });

  beforeEach(async () => {
    context = await browser.newContext();
  });

  afterEach(() => context.close());

  it("what was composed outlives a reload and the tab", async () => {
    const first = await page();
    await start(first);
    await first.evaluate(() => ["one", "two"].map((t) => window.client.send("c-1", t)));
    await first.waitForFunction(async (user) => {
      return (await (await window.realtime.openStore(user)).entries()).length === 2;
    }, ADA.id);
    await first.reload();
    await start(first);
    expect(await outboxOf(first)).toEqual(["one", "two"]);
    await first.close();
    const second = await page();
    await start(second);
    expect(await outboxOf(second)).toEqual(["one", "two"]);
  });

  it("tabs show each other what is on its way, and forget together", async () => {
    const [a, b] = [await page(), await page()];
    await start(a);
    await start(b);
    const id = await b.evaluate(() => window.client.send("c-1", "from b"));
    await a.waitForFunction(() => window.client.getSnapshot().outbox.length === 1);
    await a.evaluate((of) => window.client.discard(of), id);
    await b.waitForFunction(() => window.client.getSnapshot().outbox.length === 0);
    await b.evaluate(() => window.client.send("c-1", "left behind"));
    await a.evaluate(() => window.client.forget());
    await b.waitForFunction(() => {
      return window.client.getSnapshot().connection.stopReason === "signed_out";
    });
    const left = await b.evaluate(async (user) => {
      return (await (await window.realtime.openStore(user)).entries()).length;
    }, ADA.id);
    expect(left).toBe(0);
  });

  it("one tab leads, and the next one when it is gone, however it went", async () => {
    const tabs = [await page(), await page(), await page()];
    for (const tab of tabs) {
      await tab.evaluate((user) => {
        window.leads = [];
        window.realtime.browserTabs(user).open(
          () => undefined,
          () => window.leads.push("leads"),
        );
      }, ADA.id);
      await tab.waitForTimeout(50);
    }
    const leads = (): Promise<number[]> => {
      return Promise.all(tabs.map((t) => t.evaluate(() => window.leads.length)));
    };
    expect(await leads()).toEqual([1, 0, 0]);
    await tabs.shift()?.close();
    await tabs[0]!.waitForFunction(() => window.leads.length === 1);
    await tabs.shift()?.goto("about:blank");
    await tabs[0]!.waitForFunction(() => window.leads.length === 1);
  });

  it("without a database it works for as long as the page lives", async () => {
    const broken = await page();
    await broken.evaluate(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("no", "SecurityError");
      };
    });
    await start(broken);
    await broken.evaluate(() => window.client.send("c-1", "kept in memory"));
    expect(await outboxOf(broken)).toEqual(["kept in memory"]);
  });
});
