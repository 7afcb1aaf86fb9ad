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
const icon = (page) => page.evaluate(() => new URL(document.querySelector('link[rel="icon"]').href).pathname);

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
  assert.deepEqual(await notes(page), [], "what is in view is not notified");
  await page.waitForFunction(() => document.title.startsWith("here · "));

  const lookBack = await lookAway(context, page);
  const said = await grace.say(loud, "**wake** up");
  await page.waitForFunction(() => window.notes.length === 1);
  assert.deepEqual(await notes(page), [
    { title: `${grace.name} in loud`, body: "wake up", tag: `${loud.id}:${said.seq}` },
  ]);
  await page.waitForFunction(() => document.title.startsWith("(1) here"));
  assert.equal(await icon(page), "/favicon-unread.svg");

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
  assert.equal(await icon(page), "/favicon.svg");

  await page.getByRole("link", { name: "muted" }).click();
  await page.getByRole("button", { name: "Channel options" }).click();
  await page.getByRole("menuitem", { name: "Mute notifications" }).click();
  await page.getByRole("link", { name: "here" }).click();
  await composer(page).waitFor();
  await lookAway(context, page);
  await grace.say(muted, "for nobody");
  await page.getByRole("link", { name: /muted.*muted.*1 unread/ }).waitFor();
  await grace.say(loud, "for her");
  await page.waitForFunction(() => window.notes.length === 3);
  assert.equal((await notes(page)).at(-1).body, "for her");
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
