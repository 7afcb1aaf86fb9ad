import assert from "node:assert/strict";
import { test } from "node:test";
import { composer, messages, readAll, stage } from "./harness.mjs";

const OLD = 240;
let ada, grace, channel, posts;

const s = stage(async () => {
  [ada, grace] = [await s.person("Ada"), await s.person("Grace")];
  channel = await ada.create("history");
  await grace.join(channel);
  posts = [];
  for (let i = 0; i < OLD; i++) posts.push(await grace.say(channel, `h-${String(i).padStart(3, "0")}`));
  await ada.read(channel, posts.at(-1).seq);
});
const isInView = (page, text) => messages(page).evaluate((list, wanted) => {
  const box = list.getBoundingClientRect();
  const el = [...list.querySelectorAll("article")].find((a) => a.textContent.includes(wanted));
  const at = el?.getBoundingClientRect();
  return Boolean(at && at.top >= box.top && at.bottom <= box.bottom);
}, text);

test("a link to an old message opens around it, and down from there nothing is missing", async () => {
  const { page, context, problems } = await s.enter(ada);
  const old = posts[60];
  await page.goto(`${s.parley.url}/c/${channel.id}?m=${old.message_id}`);
  await messages(page).getByText("h-060").waitFor();
  await page.waitForFunction(() => document.querySelector("[data-testid=messages][data-landed]"));
  assert.ok(await isInView(page, "h-060"), "it is in view");
  assert.match(await page.locator("article[data-wanted]").innerText(), /h-060/);
  await messages(page).getByText("h-058").waitFor();
  await messages(page).getByText("h-062").waitFor();

  // A reader who goes down comes over the gap to the newest, each message once.
  await page.mouse.move(700, 300);
  const seen = new Set();
  for (let i = 0; i < 200 && !seen.has(`h-${OLD - 1}`); i++) {
    for (const text of await messages(page).locator("article p").allInnerTexts()) seen.add(text);
    await page.mouse.wheel(0, 500);
    await page.waitForTimeout(40);
  }
  const below = posts.slice(60).map((p) => p.content);
  assert.deepEqual(below.filter((text) => !seen.has(text)), []);
  const whole = await readAll(page, "h-");
  assert.deepEqual(whole, [...whole].sort(), "in order");
  assert.equal(new Set(whole).size, whole.length, "none twice");
  assert.deepEqual(problems, []);
  await context.close();
});

test("the latest is one jump away from an old message", async () => {
  const { page, context } = await s.enter(ada);
  await page.goto(`${s.parley.url}/c/${channel.id}?m=${posts[30].message_id}`);
  await messages(page).getByText("h-030").waitFor();
  await page.getByRole("button", { name: "Jump to latest" }).click();
  await messages(page).getByText(`h-${OLD - 1}`).waitFor();
  assert.ok(await isInView(page, `h-${OLD - 1}`));
  await page.getByRole("button", { name: "Jump to latest" }).waitFor({ state: "detached" });
  await context.close();
});

test("a link to a message that is not there says so", async () => {
  const { page, context } = await s.enter(ada);
  await page.goto(`${s.parley.url}/c/${channel.id}?m=12345`);
  await page.getByRole("log").getByText("This message is not here any more.").waitFor();
  await messages(page).getByText(`h-${OLD - 1}`).waitFor();
  await context.close();
});

test("a gap that cannot be filled says so, and is filled by hand", async () => {
  const { page, context } = await s.enter(ada);
  await page.route(/\/api\/message\?.*after=/, (route) => route.abort());
  await page.goto(`${s.parley.url}/c/${channel.id}?m=${posts[20].message_id}`);
  await messages(page).getByText("h-020").waitFor();
  await page.mouse.move(700, 300);
  for (let i = 0; i < 40; i++) {
    if (await page.getByRole("button", { name: "Load them" }).isVisible()) break;
    await page.mouse.wheel(0, 400);
    await page.waitForTimeout(100);
  }
  await page.getByText("Some messages are missing here.").waitFor();
  await page.unroute(/\/api\/message\?.*after=/);
  await page.getByRole("button", { name: "Load them" }).click();
  await page.getByText("Some messages are missing here.").waitFor({ state: "detached" });
  await messages(page).getByText("h-022").waitFor();
  await composer(page).waitFor();
  await context.close();
});

test("a thread of many replies draws what is in view, keeps its place, and gives way to its reader", async () => {
  const root = await ada.say(channel, "ask me anything");
  for (let i = 0; i < 120; i++) await grace.reply(root, `reply-${String(i).padStart(3, "0")}`);
  const { page, context, problems } = await s.enter(ada);
  await page.goto(`${s.parley.url}/c/${channel.id}/t/${root.message_id}`);
  const thread = page.getByTestId("thread");
  await thread.getByText("reply-119").waitFor();
  assert.ok((await thread.getByRole("article").count()) < 60, "not all of them are drawn");
  const atEnd = () => thread.evaluate((el) => el.scrollHeight - el.scrollTop - el.clientHeight < 20);
  assert.ok(await atEnd(), "it opens at the newest");

  const top = () => thread.evaluate((el) => { el.scrollTop = 0; });
  for (let i = 0; i < 5; i++) {
    await top();
    await page.waitForTimeout(200);
    const older = thread.getByRole("button", { name: "Show earlier replies" });
    if (!(await older.isVisible())) break;
    await older.click();
    await page.waitForTimeout(200);
  }
  await top();
  await thread.getByText("reply-000").waitFor();
  await thread.getByText("ask me anything").waitFor();
  await grace.reply(root, "reply-120");
  await page.getByRole("link", { name: "121 replies" }).waitFor();
  await page.waitForTimeout(300);
  assert.equal(await thread.getByText("reply-120").count(), 0, "who reads the first is not taken away");
  await page.getByRole("textbox", { name: "Reply in thread" }).fill("reply-mine");
  await page.keyboard.press("Enter");
  await thread.getByText("reply-mine").waitFor();
  await thread.getByText("reply-120").waitFor();
  assert.ok(await atEnd(), "who answers sees the answer");
  assert.deepEqual(problems, []);
  await context.close();
});

test("a list of channels that could not be had is asked for again", async () => {
  const { page, context } = await s.enter(ada);
  await page.route("**/api/channel", (route) => route.abort());
  await page.goto(`${s.parley.url}/browse`);
  await page.getByText("The server cannot be reached.").waitFor();
  await page.unroute("**/api/channel");
  await page.getByRole("link", { name: "Try again" }).click();
  await page.getByRole("link", { name: "Open history" }).waitFor();
  assert.equal(await page.getByText("The server cannot be reached.").count(), 0);
  await context.close();
});
