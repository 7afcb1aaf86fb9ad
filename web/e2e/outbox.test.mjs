import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openLasting } from "../scripts/browser.mjs";
import { kept, messages, readAll, say, stage } from "./harness.mjs";
import { logIn } from "./people.mjs";

const s = stage();
const TIGHT = { PARLEY_LIMITS_MESSAGE_BYTES: "64" };

test("what the server refuses says why, and is sent again or deleted by its writer", { timeout: 90_000 }, async () => {
  const [ada, grace] = [await s.person("Ada"), await s.person("Grace")];
  const channel = await ada.create("refused");
  await grace.join(channel);
  await s.parley.kill();
  await s.parley.start(TIGHT);
  const [a, b] = [await s.enter(ada), await s.enter(grace)];
  for (const { page } of [a, b]) await page.goto(`${s.parley.url}/c/${channel.id}`);
  const tooLong = `f-long ${"word ".repeat(20)}`.trim();
  await say(a.page, tooLong);
  await say(a.page, `f-other ${"word ".repeat(20)}`);
  await say(a.page, "f-short");
  await messages(b.page).getByText("f-short").waitFor();
  const alerts = messages(a.page).getByRole("alert");
  const alert = (text) => messages(a.page).getByRole("article").filter({ hasText: text });
  await alert("f-long").getByText(/^Not sent: ./).waitFor();
  assert.equal(await alerts.count(), 2, "those refused, not the one behind them");

  // Still refused: it stays where it is.
  await alert("f-long").getByRole("button", { name: "Try again" }).click();
  await alert("f-long").getByText(/^Not sent: ./).waitFor();

  // It outlives a reload, and deleting is for good.
  await a.page.reload();
  await alert("f-other").getByRole("button", { name: "Delete" }).click();
  await alert("f-other").waitFor({ state: "detached" });
  await a.page.reload();
  await alert("f-long").waitFor();
  assert.equal(await alerts.count(), 1);

  await s.parley.kill();
  await s.parley.start();
  await alert("f-long").getByRole("button", { name: "Try again" }).click();
  await messages(b.page).getByText("f-long").waitFor();
  await alerts.waitFor({ state: "detached" });
  const shown = await readAll(a.page, "f-");
  assert.deepEqual(shown, ["f-short", tooLong]);
  assert.deepEqual(await readAll(b.page, "f-"), shown);
  await a.context.close();
  await b.context.close();
});

test("what was not sent when the browser was closed is sent once by the next", { timeout: 90_000 }, async () => {
  const [ada, grace] = [await s.person("Ada"), await s.person("Grace")];
  const channel = await ada.create("restart");
  await grace.join(channel);
  const b = await s.enter(grace);
  const address = `${s.parley.url}/c/${channel.id}`;
  await b.page.goto(address);
  const profile = await mkdtemp(join(tmpdir(), "parley-profile-"));
  let browser = await openLasting(profile);
  try {
    let [page] = browser.pages();
    await logIn(page, s.parley.url, ada);
    await page.goto(address);
    await say(page, "r-before");
    await messages(b.page).getByText("r-before").waitFor();
    await page.evaluate(async () => { await navigator.serviceWorker.ready; });
    await s.parley.kill();
    for (let i = 0; i < 3; i++) await say(page, `r-down-${i}`);
    while (!/r-before.*r-down-2|r-down-2.*r-before/.test(await kept(page))) await page.waitForTimeout(50);
    await browser.close();

    // Without a server: the pages come from the browser, the messages and the outbox too.
    browser = await openLasting(profile);
    [page] = browser.pages();
    await page.goto(address);
    await messages(page).getByText("r-before").waitFor();
    await messages(page).getByText("r-down-2").waitFor();
    await page.getByText(/3 messages will be sent then/).waitFor();
    // What is fetched when it is wanted is there as well.
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("dialog", { name: "Settings" }).waitFor();
    await page.keyboard.press("Escape");

    await s.parley.start();
    await messages(b.page).getByText("r-down-2").waitFor();
    await page.getByText(/will be sent then/).waitFor({ state: "detached" });
    const wanted = ["r-before", "r-down-0", "r-down-1", "r-down-2"];
    assert.deepEqual(await readAll(page, "r-"), wanted);
    assert.deepEqual(await readAll(b.page, "r-"), wanted);
    await page.reload();
    await messages(page).getByText("r-down-2").waitFor();
    assert.deepEqual(await readAll(page, "r-"), wanted);
    assert.doesNotMatch(await kept(page), /"status":"pending"/);
  } finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
  }
  await b.context.close();
});
