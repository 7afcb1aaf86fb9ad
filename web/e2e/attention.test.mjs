import assert from "node:assert/strict";
import { test } from "node:test";
import { composer, messages, stage } from "./harness.mjs";

const s = stage();

/** The page's own notifications, as the browser was asked for them. */
const watchNotifications = () => {
  const Real = window.Notification;
  window.notes = [];
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      window.notes.push(this);
    }
  };
};
const notes = (page) => page.evaluate(() => window.notes.map(({ title, body, tag }) => ({ title, body, tag })));
/** Every title with a count and every icon with a dot that the page shows from now on. */
const watchHead = () => {
  window.heads = [];
  const look = () => {
    const icon = document.querySelector('link[rel="icon"]').href;
    if (/^\(/.test(document.title) || /unread/.test(icon)) window.heads.push(`${document.title} ${icon}`);
  };
  const all = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver(look).observe(document.head, all);
};
const iconIs = (page, path) => page.waitForFunction((wanted) =>
  new URL(document.querySelector('link[rel="icon"]').href).pathname === wanted, path);

/** Puts another window in front: the page is not looked at any more. */
async function lookAway(context, page) {
  const cdp = await context.newCDPSession(page);
  await cdp.send("Emulation.setFocusEmulationEnabled", { enabled: false });
  const other = await context.newPage();
  await other.bringToFront();
  await page.waitForFunction(() => !document.hasFocus());
  return async () => {
    await other.close();
    await page.bringToFront();
    await cdp.send("Emulation.setFocusEmulationEnabled", { enabled: true });
    await page.waitForFunction(() => document.hasFocus());
  };
}

test("someone who looks elsewhere is told: notification, title, icon; not of a muted channel", async () => {
  const [ada, grace] = [await s.person("Ada"), await s.person("Grace")];
  const [here, loud, muted] = [await ada.create("here"), await ada.create("loud"), await ada.create("muted")];
  for (const channel of [here, loud, muted]) await grace.join(channel);
  const { page, context } = await s.enter(ada);
  await page.addInitScript(watchNotifications);
  await page.goto(`${s.parley.url}/c/${here.id}`);
  await composer(page).waitFor();

  // Not asked before she wants it: then by a click.
  assert.equal(await page.evaluate(() => Notification.permission), "default");
  await context.grantPermissions(["notifications"], { origin: s.parley.url });
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Turn on notifications" }).click();
  await page.getByText("Notifications are on while parley is open").waitFor();
  await page.keyboard.press("Escape");

  await grace.say(here, "while she looks");
  await messages(page).getByText("while she looks").waitFor();
  await page.waitForFunction(() => document.title.startsWith("here · "));
  assert.deepEqual(await notes(page), [], "what is in view is not notified");

  const lookBack = await lookAway(context, page);
  const said = await grace.say(loud, "**wake** up");
  await page.waitForFunction(() => window.notes.length === 1);
  assert.deepEqual(await notes(page), [
    { title: `${grace.name} in loud`, body: "wake up", tag: `${loud.id}:${said.seq}` },
  ]);
  await page.waitForFunction(() => document.title.startsWith("(1) here"));
  await iconIs(page, "/favicon-unread.svg");

  // Of the channel that is open too: it is not looked at.
  await grace.say(here, "while she does not");
  await page.waitForFunction(() => window.notes.length === 2);
  await page.waitForFunction(() => document.title.startsWith("(2) here"));

  // A click on it leads there.
  await page.evaluate(() => window.notes[0].dispatchEvent(new Event("click")));
  await page.waitForURL(new RegExp(`/c/${loud.id}\\?m=${said.message_id}`));
  await lookBack();
  await page.getByRole("link", { name: "here" }).click();
  await page.waitForFunction(() => document.title.startsWith("here"));
  await iconIs(page, "/favicon.svg");

  await page.getByRole("link", { name: "muted" }).click();
  await page.getByRole("button", { name: "Channel options" }).click();
  await page.getByRole("menuitem", { name: "Mute notifications" }).click();
  await page.getByRole("link", { name: "here" }).click();
  await composer(page).waitFor();
  await lookAway(context, page);
  await grace.say(muted, "for nobody");
  await page.getByRole("link", { name: /muted.*muted.*1 unread/ }).waitFor();
  await page.waitForFunction(() => document.title.startsWith("here · "));
  await iconIs(page, "/favicon.svg");
  await grace.say(loud, "for her");
  await page.waitForFunction(() => window.notes.length === 3);
  assert.equal((await notes(page)).at(-1).body, "for her");
  await context.close();
});

test("what comes in view of someone who looks never counts as unread, not for a moment", async () => {
  const [ada, grace] = [await s.person("Ada"), await s.person("Grace")];
  const [here, other] = [await ada.create("here"), await ada.create("other")];
  for (const channel of [here, other]) await grace.join(channel);
  const { page, context } = await s.enter(ada);
  await page.goto(`${s.parley.url}/c/${here.id}`);
  // Seen, and not counted: from here on she is at the newest.
  await composer(page).waitFor();
  await grace.say(here, "the first");
  await messages(page).getByText("the first").waitFor();
  await page.waitForFunction(() => document.title.startsWith("here · "));
  await page.evaluate(watchHead);
  for (let i = 0; i < 20; i++) await grace.say(here, `line ${i}${"\nand one below".repeat(i % 7)}`);
  await messages(page).getByText("line 19").waitFor();
  assert.deepEqual(await page.evaluate(() => window.heads), []);
  await grace.say(other, "somewhere else");
  await page.waitForFunction(() => document.title.startsWith("(1) here · "));
  await page.waitForFunction(() => window.heads.some((h) => h.endsWith("/favicon-unread.svg")));
  await context.close();
});

test("a browser that refuses notifications says so", async () => {
  const ada = await s.person("Ada");
  const channel = await ada.create("blocked");
  const { page, context } = await s.enter(ada);
  await context.grantPermissions([], { origin: s.parley.url }); // these and no others
  await page.goto(`${s.parley.url}/c/${channel.id}`);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByText("The browser blocks notifications").waitFor();
  await context.close();
});
