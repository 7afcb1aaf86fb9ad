import assert from "node:assert/strict";
import { after, test } from "node:test";
import { composer, createWire, messages, readAll, say, stage } from "./harness.mjs";
import { startRendered } from "./rendered.mjs";

// A whole minute in `make test-all`.
const CUT_MS = Number(process.env.PARLEY_E2E_CUT_S ?? 10) * 1000;
let rendered;
const s = stage(async ({ parley }) => { rendered = await startRendered(parley.api); });
after(() => rendered?.stop());

/** The two builds of the pages: as files that the program serves, and rendered by Node. */
const builds = { static: () => s.parley.url, rendered: () => rendered.url };

async function pair(name) {
  const [ada, grace] = [await s.person("Ada"), await s.person("Grace")];
  const channel = await ada.create(name);
  await grace.join(channel);
  return { ada, grace, channel };
}

test("what is unread is counted, marked, and read by looking", async () => {
  const { ada, grace, channel } = await pair("unread");
  const other = await ada.create("elsewhere");
  const { page, context } = await s.enter(ada);
  await page.goto(`${s.parley.url}/c/${other.id}`);
  await composer(page).waitFor();
  for (let i = 0; i < 3; i++) await grace.say(channel, `unread ${i}`);
  await page.getByRole("link", { name: /unread.*3 unread messages/ }).click();
  await page.getByTestId("new-divider").waitFor();
  await messages(page).getByText("unread 2").waitFor();
  await page.getByRole("link", { name: "unread", exact: true }).waitFor();
  assert.match(await page.title(), /^unread/);
  await context.close();
});

test("a draft survives a reload, and is not another channel's", async () => {
  const ada = await s.person("Ada");
  const [one, two] = [await ada.create("draft-one"), await ada.create("draft-two")];
  const { page, context } = await s.enter(ada);
  await page.goto(`${s.parley.url}/c/${one.id}`);
  await composer(page).fill("half a thought");
  await page.getByRole("link", { name: "draft-two" }).click();
  assert.equal(await page.getByRole("textbox", { name: "Message draft-two" }).inputValue(), "");
  await page.reload();
  await page.getByRole("link", { name: "draft-one" }).click();
  assert.equal(await page.getByRole("textbox", { name: "Message draft-one" }).inputValue(), "half a thought");
  assert.ok(two.id);
  await context.close();
});

for (const [build, urlOf] of Object.entries(builds)) {
  test(`two people talk, reply and reload (${build})`, async () => {
    const url = urlOf();
    const { ada, grace, channel } = await pair("talk");
    const [a, b] = [await s.enter(ada, { url }), await s.enter(grace, { url })];
    for (const { page } of [a, b]) await page.goto(`${url}/c/${channel.id}`);
    await say(a.page, "Hello **there**");
    await messages(b.page).getByText("Hello there").waitFor();
    await say(b.page, "Hello back");
    await messages(a.page).getByText("Hello back").waitFor();

    await b.page.getByRole("article", { name: new RegExp(ada.name) }).first().hover();
    await b.page.getByRole("link", { name: "Reply in thread" }).first().click();
    await b.page.getByRole("textbox", { name: "Reply in thread" }).fill("in the thread");
    await b.page.keyboard.press("Enter");
    await a.page.getByRole("link", { name: "1 reply" }).click();
    await a.page.getByTestId("thread").getByText("in the thread").waitFor();
    assert.match(a.page.url(), /\/c\/[\w-]+\/t\/\d+$/);

    await a.page.reload();
    await a.page.getByTestId("thread").getByText("in the thread").waitFor();
    assert.equal(await messages(a.page).getByText("Hello there").count(), 1);
    assert.equal(await messages(a.page).getByText("Hello back").count(), 1);
    assert.deepEqual([...a.problems, ...b.problems], []);
    await a.context.close();
    await b.context.close();
  });

  test(`a cut while both send: nothing is lost, nothing comes twice (${build})`, { timeout: CUT_MS + 90_000 }, async () => {
    const url = urlOf();
    const { ada, grace, channel } = await pair("cut");
    const wire = await createWire(url);
    const a = await s.enter(ada, { url: wire.url });
    const b = await s.enter(grace, { url });
    await a.page.goto(`${wire.url}/c/${channel.id}`);
    await b.page.goto(`${url}/c/${channel.id}`);
    await say(a.page, "m-a-before");
    await messages(b.page).getByText("m-a-before").waitFor();

    wire.cut();
    for (let i = 0; i < 5; i++) {
      await say(a.page, `m-a-cut-${i}`);
      await say(b.page, `m-b-cut-${i}`);
    }
    await a.page.getByText(/Connection lost|Connecting/).waitFor();
    await a.page.waitForTimeout(CUT_MS);
    wire.mend();
    await a.page.getByRole("button", { name: "Try now" }).click();
    await messages(b.page).getByText("m-a-cut-4").waitFor();
    await messages(a.page).getByText("m-b-cut-4").waitFor();
    await a.page.waitForTimeout(500);

    const [seenByA, seenByB] = [await readAll(a.page, "m-"), await readAll(b.page, "m-")];
    assert.equal(new Set(seenByA).size, 11);
    assert.equal(seenByA.length, 11, "no message is shown twice");
    assert.deepEqual(seenByA, seenByB, "one order for both");
    wire.close();
    await a.context.close();
    await b.context.close();
  });

  test(`the server is killed and started again under them (${build})`, { timeout: 90_000 }, async () => {
    const url = urlOf();
    const { ada, grace, channel } = await pair("crash");
    const [a, b] = [await s.enter(ada, { url }), await s.enter(grace, { url })];
    for (const { page } of [a, b]) await page.goto(`${url}/c/${channel.id}`);
    await say(a.page, "k-before");
    await messages(b.page).getByText("k-before").waitFor();
    await s.parley.kill();
    await say(a.page, "k-down-a");
    await say(b.page, "k-down-b");
    await s.parley.start();
    await messages(b.page).getByText("k-down-a").waitFor();
    await messages(a.page).getByText("k-down-b").waitFor();
    await a.page.waitForTimeout(500);
    const [seenByA, seenByB] = [await readAll(a.page, "k-"), await readAll(b.page, "k-")];
    assert.equal(seenByA.length, 3);
    assert.deepEqual(seenByA, seenByB);
    await a.context.close();
    await b.context.close();
  });
}
