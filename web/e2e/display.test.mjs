import assert from "node:assert/strict";
import { test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { setScene } from "../scripts/scene.mjs";
import { composer, messages, say, stage } from "./harness.mjs";

let scene;
const s = stage(async ({ parley }) => { scene = await setScene(parley.api); });

/** What can be clicked and is smaller than a finger; links within a text are excepted (WCAG 2.5.8). */
const smallTargets = (page, px) => page.evaluate((least) =>
  [...document.querySelectorAll("a, button, input, textarea, summary, [role=option], [role=menuitem], label:has(input)")]
    .filter((el) => el.checkVisibility({ visibilityProperty: true }) && !el.closest(".sr-only, [aria-hidden=true], p, dialog:not([open])"))
    .filter((el) => !(el.matches("input") && el.closest("label")) && !el.matches("[href='#main']:not(:focus)"))
    .map((el) => ({ el, box: el.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 0 && (box.height < least - 0.5 || box.width < least - 0.5))
    .map(({ el, box }) => `${el.getAttribute("aria-label") ?? el.textContent} ${box.width}x${box.height}`), px);

test("on a phone everything that is touched is 44 px, and nothing is wider than the page", async () => {
  const { ada, channels, question } = scene;
  const { url } = s.parley;
  const { page, context } = await s.enter(null, {
    viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true,
  });
  const check = async (what) => {
    await page.waitForTimeout(200);
    assert.deepEqual(await smallTargets(page, 44), [], what);
    const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= window, `${what}: ${wide} px in ${window}`);
  };
  await page.goto(`${url}/register`);
  await check("register");
  await page.goto(`${url}/login`);
  await check("login");
  await page.getByLabel("Email").fill(ada.email);
  await page.locator("input[name=password]").fill(ada.password);
  await page.getByRole("button", { name: "Log in" }).click();
  // The choice of language is a navigation as well: what is left is the page, not before it is answered.
  await page.waitForURL((u) => !u.pathname.startsWith("/login"));
  await page.getByRole("navigation").waitFor();
  await check("home");
  await page.goto(`${url}/browse`);
  await page.getByText("book-club").waitFor();
  await check("browse");
  await page.goto(`${url}/c/${channels.general.id}`);
  const post = page.getByRole("article").filter({ hasText: "I will take the export" });
  await post.tap();
  await post.getByRole("button", { name: "Copy link" }).waitFor();
  await check("channel");

  await page.getByRole("button", { name: "Insert an emoji" }).tap();
  await page.getByRole("dialog").waitFor();
  await check("emoji");
  await page.getByRole("button", { name: "Close" }).tap();

  // One pane at a time, the composer at the bottom.
  assert.equal(await page.getByRole("navigation").isVisible(), false);
  const { y, height } = await composer(page).boundingBox();
  assert.ok(740 - (y + height) < 60, "the composer is at the bottom");
  await page.getByRole("button", { name: "Channel options" }).tap();
  await check("menu");
  await page.getByRole("menuitem", { name: /members/ }).tap();
  await page.getByRole("dialog").waitFor();
  await check("members");
  await page.getByRole("button", { name: "Close" }).tap();
  await page.goto(`${url}/c/${channels.general.id}/t/${question.message_id}`);
  await page.getByText("Thanks, both!").waitFor();
  assert.equal(await messages(page).isVisible(), false);
  await check("thread");
  await page.goto(url);
  await page.getByRole("button", { name: "Settings" }).tap();
  await page.getByRole("dialog").waitFor();
  await check("settings");
  await page.getByRole("button", { name: "Close" }).tap();
  await page.getByRole("button", { name: "Jump to a channel" }).tap();
  await page.getByRole("dialog").waitFor();
  await check("switcher");
  await context.close();
});

test("whoever wants no motion sees none", async () => {
  const { page, context } = await s.enter(scene.ada, { reducedMotion: "reduce" });
  await page.goto(`${s.parley.url}/c/${scene.channels.general.id}`);
  await messages(page).getByText("I will take the export").waitFor();
  await page.getByRole("button", { name: "Settings" }).click();
  const moving = () => page.evaluate(() => [...document.querySelectorAll("*")].flatMap((el) => {
    const { transitionDuration, animationDuration, scrollBehavior } = getComputedStyle(el);
    const longest = Math.max(...`${transitionDuration},${animationDuration}`.split(",").map(parseFloat));
    return longest > 0.001 || scrollBehavior === "smooth" ? [el.outerHTML.slice(0, 80)] : [];
  }));
  await page.getByRole("dialog").waitFor();
  assert.deepEqual(await moving(), []);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  assert.notDeepEqual(await moving(), [], "there is motion to be without");
  await context.close();
});

for (const [how, options] of [
  ["as the system says", { contrast: "more" }],
  ["as chosen in the settings", { cookies: { parley_contrast: "more" } }],
]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`high contrast is 7 to 1: ${how}, ${colorScheme}`, async () => {
      const { cookies = {}, ...media } = options;
      const { page, context } = await s.enter(scene.ada, { ...media, colorScheme });
      await context.addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: s.parley.url })));
      for (const path of [`/c/${scene.channels.general.id}/t/${scene.question.message_id}`, "/browse"]) {
        await page.goto(s.parley.url + path);
        await page.getByText(/Thanks, both!|book-club/).waitFor();
        await page.waitForTimeout(200);
        const { violations } = await new AxeBuilder({ page }).withRules(["color-contrast-enhanced"]).analyze();
        assert.deepEqual(violations.flatMap((v) => v.nodes.map((n) => `${n.target} ${n.any[0]?.message}`)), [], path);
      }
      await context.close();
    });
  }
}

test("with the system's own colours everything can be told apart", async () => {
  const { page, context } = await s.enter(scene.ada, { forcedColors: "active" });
  await page.goto(`${s.parley.url}/c/${scene.channels.general.id}`);
  await messages(page).getByText("I will take the export").waitFor();
  // Backgrounds are gone: what they told must be told by lines or by the system's highlight.
  const look = (locator) => locator.evaluate((el) => {
    const { outlineStyle, outlineWidth, borderStyle, backgroundColor, forcedColorAdjust, color } = getComputedStyle(el);
    return { outline: outlineStyle !== "none" && parseFloat(outlineWidth) > 0, border: borderStyle !== "none", backgroundColor, forcedColorAdjust, color };
  });
  const nav = page.getByRole("navigation");
  const current = await look(nav.locator("[aria-current=page]"));
  const other = await look(nav.getByRole("link", { name: "random" }));
  assert.notDeepEqual(current, other, "the current channel");
  const send = await look(page.getByRole("button", { name: "Send" }));
  assert.ok(send.border || send.outline, "a button has an edge");
  await say(page, "a message in forced colours");
  await messages(page).getByText("a message in forced colours").waitFor();
  await page.keyboard.press("Control+k");
  const options = page.getByRole("option");
  await options.first().waitFor();
  assert.notDeepEqual(await look(options.first()), await look(options.nth(1)), "the chosen option");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Settings" }).focus();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  assert.ok((await look(page.getByRole("button", { name: "Settings" }))).outline, "the focus");
  await context.close();
});

test("the language is switched in the page, at once and for good", async () => {
  const { page, context, problems } = await s.enter(scene.ada);
  await page.goto(`${s.parley.url}/c/${scene.channels.general.id}`);
  await messages(page).getByText("I will take the export").waitFor();
  await composer(page).fill("half a thought");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("radio", { name: "繁體中文" }).click();
  await page.getByRole("dialog", { name: "設定" }).waitFor();
  await page.keyboard.press("Escape");
  const field = page.getByRole("textbox", { name: "傳訊息到 general" });
  assert.equal(await field.inputValue(), "half a thought", "nothing else is changed");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-Hant");
  await page.reload();
  await field.waitFor();
  await page.getByRole("heading", { name: "今天" }).waitFor();
  const english = await page.locator("body").evaluate((body) =>
    ["Settings", "Browse", "Thread", "Send", "Channel options"].filter((word) =>
      [...body.querySelectorAll("[aria-label], [title], [placeholder]")].some((el) =>
        [el.ariaLabel, el.title, el.placeholder].some((text) => text?.startsWith(word)))));
  assert.deepEqual(english, []);
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag22aa"]).analyze();
  assert.deepEqual(violations.map((v) => v.id), []);
  await page.getByRole("button", { name: "設定" }).click();
  await page.getByRole("radio", { name: "English" }).click();
  await page.getByRole("dialog", { name: "Settings" }).waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});
