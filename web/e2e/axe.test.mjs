import assert from "node:assert/strict";
import { test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { setScene } from "../scripts/scene.mjs";
import { stage } from "./harness.mjs";

const s = stage();
let scene;

async function check(page, what) {
  await page.waitForTimeout(150); // what fades in has done so
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  assert.deepEqual(
    violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`), [],
  );
}

for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of [["desktop", { width: 1280, height: 800 }], ["phone", { width: 390, height: 844 }]]) {
    test(`no page breaks a rule: ${colorScheme}, ${size}`, { timeout: 120_000 }, async () => {
      scene ??= await setScene(s.parley.api);
      const { ada, channels, question } = scene;
      const { url } = s.parley;
      const { page, context } = await s.enter(null, { colorScheme, viewport });
      await page.goto(`${url}/login`);
      await check(page, "login");
      await page.goto(`${url}/register`);
      await page.getByRole("button", { name: "Create account" }).click();
      await check(page, "register, refused");
      await page.goto(`${url}/login`);
      await page.getByLabel("Email").fill(ada.email);
      await page.locator("input[name=password]").fill(ada.password);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.waitForURL((u) => !u.pathname.startsWith("/login"));
      await page.goto(`${url}/`);
      await check(page, "home");
      await page.goto(`${url}/c/${channels.general.id}`);
      await page.getByText("I will take the export").waitFor();
      await check(page, "channel");
      await page.goto(`${url}/c/${channels.general.id}/t/${question.message_id}`);
      await page.getByText("Thanks, both!").waitFor();
      await check(page, "thread");
      await page.goto(`${url}/browse`);
      await page.getByText("book-club").waitFor();
      await check(page, "browse");
      await page.goto(`${url}/c/00000000-0000-4000-8000-000000000000`);
      await page.getByText("You are not in this channel").waitFor();
      await check(page, "not a member");
      await page.goto(`${url}/nowhere`);
      await check(page, "lost");
      await page.goto(`${url}/c/${channels.general.id}`);
      await page.getByText("I will take the export").waitFor();
      const dialog = page.getByRole("dialog");
      const checkDialog = async (what) => {
        await dialog.waitFor();
        await check(page, what);
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "detached" });
      };
      for (const [what, press] of [["switcher", "Control+k"], ["shortcuts", "?"]]) {
        await page.getByTestId("messages").focus();
        await page.keyboard.press(press);
        await checkDialog(what);
      }
      await page.getByRole("button", { name: "Insert an emoji" }).click();
      await checkDialog("emoji");
      const options = page.getByRole("button", { name: "Channel options" });
      await options.click();
      await check(page, "menu");
      await page.getByRole("menuitem", { name: /members/ }).click();
      await checkDialog("members");
      await options.click();
      await page.getByRole("menuitem", { name: "Leave channel" }).click();
      await checkDialog("leave");
      await page.goto(`${url}/`);
      await page.getByRole("button", { name: "Settings" }).click();
      await checkDialog("settings");
      await context.close();
    });
  }
}
