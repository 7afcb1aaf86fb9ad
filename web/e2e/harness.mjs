// What the end-to-end tests share: a server, a browser, and people in it.
import { connect, createServer } from "node:net";
import { after, before } from "node:test";
import { launch } from "../scripts/browser.mjs";
import { logIn, person } from "./people.mjs";
import { startParley } from "./parley.mjs";

/** A server and a browser for the tests of one file, and what else `begin` starts. */
export function stage(begin = async () => undefined) {
  const s = {};
  before(async () => {
    s.parley = await startParley();
    s.browser = await launch();
    await begin(s);
  });
  after(async () => {
    await s.browser?.close();
    await s.parley?.stop();
  });
  s.person = (name) => person(s.parley.api, `${name}${(serial += 1)}`);
  /** A browser of its own for someone, logged in. `problems` collects what the page complained of. */
  s.enter = async (who, { url = s.parley.url, ...options } = {}) => {
    const context = await s.browser.newContext({ locale: "en-GB", timezoneId: "Europe/London", ...options });
    const page = await context.newPage();
    const problems = [];
    page.on("pageerror", (e) => problems.push(String(e.stack)));
    page.on("console", (m) => {
      if (/Content Security Policy|Hydration|hydrat|Minified React/i.test(m.text())) problems.push(m.text());
    });
    if (who) await logIn(page, url, who);
    return { page, context, problems };
  };
  return s;
}
let serial = 0;

/** A wire between a browser and a server that can be cut. */
export async function createWire(target) {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  let isCut = false;
  const server = createServer((socket) => {
    if (isCut) return socket.destroy();
    const up = connect(Number(port), hostname);
    for (const [a, b] of [[socket, up], [up, socket]]) {
      sockets.add(a);
      a.pipe(b);
      a.on("error", () => b.destroy());
      a.on("close", () => { sockets.delete(a); b.destroy(); });
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() { isCut = false; },
    close() { this.cut(); server.close(); },
  };
}

/** What the browser keeps for whoever is logged in: the messages and the outbox, as text. */
export const kept = (page) => page.evaluate(async () => {
  const answer = (request) => new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
  const rows = [];
  for (const { name } of await indexedDB.databases()) {
    const db = await answer(indexedDB.open(name));
    for (const table of db.objectStoreNames) {
      rows.push(...await answer(db.transaction(table).objectStore(table).getAll()));
    }
    db.close();
  }
  return JSON.stringify(rows);
});

export const messages = (page) => page.getByTestId("messages");
export const composer = (page) => page.getByRole("textbox", { name: /^Message / });

export async function say(page, text) {
  await composer(page).fill(text);
  await composer(page).press("Enter");
}

/** The texts of a conversation as the page shows them from top to bottom, none left out. */
export async function readAll(page, marker) {
  const list = messages(page);
  const seen = new Map();
  await list.evaluate((el) => { el.scrollTop = 0; });
  for (;;) {
    await page.waitForTimeout(120);
    for (const [index, text] of await list.evaluate((el) =>
      [...el.querySelectorAll("[data-index]")].map((row) => [
        Number(row.dataset.index), row.querySelector("article p")?.textContent ?? "",
      ]))) seen.set(index, text);
    const done = await list.evaluate((el) => {
      const end = el.scrollTop + el.clientHeight >= el.scrollHeight - 2;
      el.scrollTop += el.clientHeight * 0.7;
      return end;
    });
    if (done) break;
  }
  return [...seen].sort((a, b) => a[0] - b[0]).map(([, text]) => text).filter((t) => t.includes(marker));
}
