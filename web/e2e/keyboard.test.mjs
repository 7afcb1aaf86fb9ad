import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./harness.mjs";

const s = stage();

/** Tab until what has the focus is named so. */
async function tabTo(page, name, max = 40) {
  for (let i = 0; i < max; i++) {
    await page.keyboard.press("Tab");
    const here = await page.evaluate(() => {
      const el = document.activeElement;
      const label = el?.labels?.[0]?.textContent ?? el?.getAttribute("aria-label") ?? el?.textContent;
      return { label: label?.trim() ?? "", outlined: getComputedStyle(el).outlineStyle !== "none" };
    });
    if (name.test(here.label)) return here;
  }
  throw new Error(`the Tab key does not reach ${name}`);
}

test("the whole journey by keyboard alone", { timeout: 90_000 }, async () => {
  const other = await s.person("Grace");
  const lounge = await other.create("lounge");
  await other.say(lounge, "is anyone here?");
  const { page, context, problems } = await s.enter(null);
  const type = (text) => page.keyboard.type(text);
  const press = (key) => page.keyboard.press(key);

  await page.goto(`${s.parley.url}/login`);
  assert.ok((await tabTo(page, /^Create an account$/)).outlined, "focus can be seen");
  await press("Enter");
  await page.waitForURL(/\/register/);
  await tabTo(page, /^Name$/);
  await type("Keys");
  await press("Tab");
  await type("keys@example.org");
  await press("Tab");
  await type("only by keyboard");
  await press("Enter");
  await page.getByRole("heading", { name: "Welcome to parley, Keys" }).waitFor();

  await tabTo(page, /^Browse channels$/);
  await press("Enter");
  await page.getByRole("button", { name: "Join lounge" }).waitFor();
  await tabTo(page, /^Join lounge$/);
  await press("Enter");
  const composer = page.getByRole("textbox", { name: "Message lounge" });
  await composer.waitFor();
  await page.getByText("is anyone here?").waitFor();

  // Write, with a line break, and call it back.
  await composer.focus();
  await type("yes,");
  await press("Shift+Enter");
  await type("**me**");
  await press("Enter");
  const mine = page.getByRole("article", { name: /^Keys/ });
  await mine.waitFor();
  await press("ArrowUp");
  assert.equal(await composer.inputValue(), "yes,\n**me**");
  await press("Control+a");
  await press("Delete");

  // From the composer to the messages, up to the first, and into its thread.
  await press("Escape");
  await press("ArrowUp");
  await press("ArrowUp");
  await press("Enter");
  await page.waitForURL(/\/t\//);
  await page.getByRole("textbox", { name: "Reply in thread" }).focus();
  await type("a reply");
  await press("Enter");
  await page.getByTestId("thread").getByText("a reply").waitFor();
  await press("Escape");
  await page.waitForURL((u) => !u.pathname.includes("/t/"));

  // Another channel, and back by the switcher and by Alt with an arrow.
  await page.goto(`${s.parley.url}/browse?new`);
  await page.getByLabel("Channel name").waitFor();
  await type("keyboards");
  await press("Enter");
  await page.getByRole("textbox", { name: "Message keyboards" }).waitFor();
  await press("Control+k");
  await page.getByRole("combobox").waitFor();
  await type("loun");
  await press("Enter");
  await composer.waitFor();
  await press("Alt+ArrowUp");
  await page.getByRole("textbox", { name: "Message keyboards" }).waitFor();

  // Regions, the sheet, and the settings, which give the focus back.
  await press("F6");
  const first = await page.evaluate(() => document.activeElement?.closest("[data-region]")?.dataset.region);
  await press("F6");
  const second = await page.evaluate(() => document.activeElement?.closest("[data-region]")?.dataset.region);
  assert.notEqual(first, second);
  await page.getByTestId("messages").focus();
  await press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await tabTo(page, /^Settings$/, 60);
  await press("Enter");
  await page.getByRole("dialog", { name: "Settings" }).waitFor();
  await tabTo(page, /^Log out$/);
  await press("Enter");
  await page.waitForURL(/\/login\?out/);
  assert.deepEqual(problems, []);
  await context.close();
});
