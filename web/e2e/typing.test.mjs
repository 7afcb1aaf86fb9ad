import assert from "node:assert/strict";
import { test } from "node:test";
import { composer, messages, stage } from "./harness.mjs";

const s = stage();

test("an input method's Enter chooses characters; the next one sends", async () => {
  const ada = await s.person("Ada");
  const channel = await ada.create("輸入");
  const { page, context } = await s.enter(ada);
  await page.goto(`${s.parley.url}/c/${channel.id}`);
  const field = composer(page);
  await field.focus();
  const cdp = await context.newCDPSession(page);
  const compose = (text) => cdp.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
  // As a browser tells of a key that the input method takes: with the code 229.
  const enterWhileComposing = async () => {
    for (const type of ["rawKeyDown", "keyUp"]) {
      await cdp.send("Input.dispatchKeyEvent", { type, key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 });
    }
  };
  for (const step of ["ㄋ", "ㄋㄧ", "ㄋㄧˇ", "你"]) await compose(step);
  assert.equal(await field.inputValue(), "你", "what is being composed is shown");
  await enterWhileComposing();
  assert.equal(await page.getByRole("article").count(), 0, "nothing is sent");
  await cdp.send("Input.insertText", { text: "你" });
  await compose("好");
  await page.keyboard.press("Enter");
  assert.equal(await page.getByRole("article").count(), 0, "nothing is sent while composing");
  await cdp.send("Input.insertText", { text: "好" });
  assert.equal((await field.inputValue()).trim(), "你好");
  await page.keyboard.press("Enter");
  await messages(page).getByText("你好").waitFor();
  assert.equal(await field.inputValue(), "");
  assert.equal(await page.getByRole("article").count(), 1);
  await context.close();
});

test("the composer grows, counts near the limit, and holds back what is too long", async () => {
  const ada = await s.person("Ada");
  const channel = await ada.create("long");
  const { page, context } = await s.enter(ada);
  await page.goto(`${s.parley.url}/c/${channel.id}`);
  const field = composer(page);
  const height = async () => (await field.boundingBox()).height;
  const before = await height();
  await field.fill("one\ntwo\nthree");
  assert.ok((await height()) > before + 40, "it grows");
  await field.fill("字".repeat(2700));
  await page.getByText("92 bytes left").waitFor();
  const { height: tall } = await field.boundingBox();
  assert.ok(tall <= 0.4 * 720 + 1, "to a part of the window");
  await field.fill("字".repeat(2731));
  await page.getByText("1 byte too long").waitFor();
  await field.press("Enter");
  assert.equal(await page.getByRole("article").count(), 0);
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  await field.fill("字".repeat(2730));
  await field.press("Enter");
  await page.getByRole("article").waitFor();
  assert.equal(await height(), before, "and shrinks");
  await context.close();
});

test("drafts of a channel and of a thread are kept apart, across a reload", async () => {
  const ada = await s.person("Ada");
  const channel = await ada.create("drafts");
  const root = await ada.say(channel, "the root");
  const { page, context } = await s.enter(ada);
  await page.goto(`${s.parley.url}/c/${channel.id}/t/${root.message_id}`);
  const reply = page.getByRole("textbox", { name: "Reply in thread" });
  await composer(page).fill("to all");
  await reply.fill("to some");
  await page.reload();
  await reply.waitFor();
  assert.equal(await reply.inputValue(), "to some");
  assert.equal(await composer(page).inputValue(), "to all");
  await reply.press("Enter");
  await page.reload();
  await page.getByTestId("thread").getByText("to some").waitFor();
  assert.equal(await reply.inputValue(), "", "what was sent is no draft");
  await context.close();
});

test("an emoji is found by keyboard and put where the caret is; its part of the pages is fetched then", async () => {
  const ada = await s.person("Ada");
  const channel = await ada.create("emoji");
  const { page, context, problems } = await s.enter(ada);
  await page.goto(`${s.parley.url}/c/${channel.id}`);
  const field = composer(page);
  await field.fill("before after");
  const fetched = () => page.evaluate(() => performance.getEntriesByType("resource").some((r) => /EmojiPicker/.test(r.name)));
  assert.equal(await fetched(), false);
  for (let i = 0; i < "after".length; i++) await field.press("ArrowLeft");
  await field.press("Tab");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Emoji" });
  await dialog.getByRole("searchbox", { name: "Find an emoji" }).waitFor();
  assert.equal(await fetched(), true);
  await page.keyboard.type("rocket");
  assert.equal(await dialog.locator("[data-emoji] button").count(), 1);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.waitForFunction(() => document.activeElement?.matches("textarea"));
  assert.equal(await field.inputValue(), "before 🚀after");
  await page.keyboard.type(" ");
  assert.equal(await field.inputValue(), "before 🚀 after", "writing goes on behind it");

  // By arrows, one tab stop for all of them; Esc leaves everything as it was.
  await field.press("Tab");
  await page.keyboard.press("Enter");
  await dialog.waitFor();
  const here = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  await page.keyboard.press("ArrowDown");
  assert.equal(await here(), "grinning face");
  await page.keyboard.press("ArrowRight");
  assert.equal(await here(), "grinning with smiling eyes");
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await here(), "grinning with smiling eyes");
  await page.keyboard.press("ArrowUp");
  assert.equal(await here(), "grinning with smiling eyes");
  await page.keyboard.press("Shift+Tab");
  assert.equal(await here(), "Find an emoji");
  await page.keyboard.press("Tab");
  assert.equal(await here(), "grinning with smiling eyes");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await field.inputValue(), "before 🚀 after");
  await field.press("Enter");
  await messages(page).getByText("before 🚀 after").waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});
