import assert from "node:assert/strict";
import { after, test } from "node:test";
import { composer, messages, say, stage } from "./harness.mjs";
import { startRendered } from "./rendered.mjs";

let pages, url;
const s = stage(async ({ parley }) => {
  pages = await startRendered(parley.api);
  url = pages.url;
});
after(() => pages?.stop());

test("without script: register, create a channel, and another joins it", async () => {
  const one = await s.enter(null, { javaScriptEnabled: false });
  await one.page.goto(`${url}/c/00000000-0000-4000-8000-000000000000`);
  assert.match(one.page.url(), /\/login\?next=/);
  await one.page.goto(`${url}/register`);
  await one.page.getByLabel("Name").fill("Nora");
  await one.page.getByLabel("Email").fill("not an address");
  await one.page.locator("input[name=password]").fill("short");
  await one.page.getByRole("button", { name: "Create account" }).click();
  await one.page.getByText("This does not look like an email address.").waitFor();
  await one.page.getByText("Use at least 8 characters.").waitFor();
  await one.page.getByLabel("Email").fill("nora@example.org");
  await one.page.locator("input[name=password]").fill("long enough");
  await one.page.getByRole("button", { name: "Create account" }).click();
  await one.page.getByText("Nora", { exact: true }).waitFor();
  await one.page.getByRole("link", { name: "Create a channel" }).first().click();
  await one.page.getByLabel("Channel name").fill("no-script");
  await one.page.getByRole("button", { name: "Create", exact: true }).click();
  await one.page.getByRole("heading", { name: "no-script" }).waitFor();

  const ada = await s.person("Ada");
  const two = await s.enter(null, { javaScriptEnabled: false });
  await two.page.goto(`${url}/login?next=${encodeURIComponent("/browse")}`);
  await two.page.getByLabel("Email").fill(ada.email);
  await two.page.locator("input[name=password]").fill("wrong password");
  await two.page.getByRole("button", { name: "Log in" }).click();
  await two.page.getByText("The email address or the password is wrong.").waitFor();
  await two.page.locator("input[name=password]").fill(ada.password);
  await two.page.getByRole("button", { name: "Log in" }).click();
  await two.page.getByRole("button", { name: "Join no-script" }).click();
  await two.page.getByRole("heading", { name: "no-script" }).waitFor();
  await one.context.close();
  await two.context.close();
});

test("with script the rendered page is taken over and talks", async () => {
  const ada = await s.person("Ada");
  const channel = await ada.create("rendered");
  await ada.say(channel, "written before");
  const { page, context, problems } = await s.enter(ada, { url });
  const html = await (await context.request.get(`${url}/c/${channel.id}`)).text();
  assert.match(html, /written before/);
  await page.goto(`${url}/c/${channel.id}`);
  await composer(page).waitFor();
  await say(page, "written after");
  await messages(page).getByText("written after").waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});

test("the reader's language and theme are in the first bytes", async () => {
  const headers = { "Accept-Language": "fr;q=0.9, zh-TW, en;q=0.5", Cookie: "parley_theme=dark" };
  const html = await (await fetch(`${url}/login`, { headers })).text();
  assert.match(html, /<html lang="zh-Hant"[^>]*data-theme="dark"/);
  assert.match(html, /歡迎回來/);
});

test("another site's form is refused", async () => {
  const answer = await fetch(`${url}/logout`, { method: "POST", headers: { Origin: "http://evil.example" } });
  assert.equal(answer.status, 403);
});
