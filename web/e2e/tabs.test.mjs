import assert from "node:assert/strict";
import { test } from "node:test";
import { kept, messages, readAll, say, stage } from "./harness.mjs";
import { logIn } from "./people.mjs";

const s = stage();
const link = (page, name) => page.getByRole("navigation").getByRole("link", { name });

test("two tabs and another device of one user stay in step", async () => {
  const [ada, grace] = [await s.person("Ada"), await s.person("Grace")];
  const [one, two] = [await ada.create("step-one"), await ada.create("step-two")];
  await grace.join(one);
  const { page: first, context } = await s.enter(ada);
  const second = await context.newPage();
  const device = await s.enter(ada);
  const everywhere = [first, second, device.page];
  for (const page of everywhere) await page.goto(`${s.parley.url}/c/${one.id}`);

  await say(first, "t-first");
  for (const page of everywhere) await messages(page).getByText("t-first").waitFor();
  await say(second, "t-second");
  await messages(device.page).getByText("t-second").waitFor();
  await say(device.page, "t-device");
  for (const page of everywhere) await messages(page).getByText("t-device").waitFor();
  for (const page of everywhere) {
    assert.deepEqual(await readAll(page, "t-"), ["t-first", "t-second", "t-device"]);
  }

  // What is read in one is read in all.
  for (const page of everywhere) await page.goto(`${s.parley.url}/c/${two.id}`);
  for (let i = 0; i < 2; i++) await grace.say(one, `t-unread-${i}`);
  for (const page of everywhere) await link(page, /step-one.*2 unread messages/).waitFor();
  await link(first, /step-one/).click();
  for (const page of everywhere) await link(page, "step-one", { exact: true }).waitFor();
  for (const page of everywhere) await link(page, /unread/).waitFor({ state: "detached" });

  // A channel created in one is in the list of all.
  await first.goto(`${s.parley.url}/browse?new`);
  await first.getByLabel("Channel name").fill("step-three");
  await first.keyboard.press("Enter");
  for (const page of everywhere) await link(page, "step-three").waitFor();
  await context.close();
  await device.context.close();
});

test("logging out in one tab ends the others, keeps nothing, and leaves the other device alone", async () => {
  const ada = await s.person("Ada");
  const channel = await ada.create("leaving");
  await ada.say(channel, "a secret of the team");
  const { page: first, context } = await s.enter(ada);
  const second = await context.newPage();
  const device = await s.enter(ada);
  for (const page of [first, second, device.page]) {
    await page.goto(`${s.parley.url}/c/${channel.id}`);
    await messages(page).getByText("a secret").waitFor();
  }
  await second.getByRole("textbox").fill("a draft of hers");
  await first.getByRole("button", { name: "Settings" }).click();
  await first.getByRole("button", { name: "Log out" }).click();
  for (const page of [first, second]) await page.waitForURL(/\/login\?out/);
  await first.getByText("You have been logged out.").waitFor();

  const local = await first.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.doesNotMatch(await kept(first) + local, /a secret|a draft|example\.org/);
  await say(device.page, "still here");
  await messages(device.page).getByText("still here").waitFor();

  // Whoever comes next in this browser sees their own.
  const grace = await s.person("Grace");
  await logIn(second, s.parley.url, grace);
  await second.getByText(grace.name, { exact: true }).waitFor();
  assert.equal(await second.getByText("leaving").count(), 0);
  await context.close();
  await device.context.close();
});
