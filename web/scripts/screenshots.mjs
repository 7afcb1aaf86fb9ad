// docs/screenshots/: every page, on a desktop and on a phone, in both themes; those with most words
// in Traditional Chinese as well.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { logIn } from "../e2e/people.mjs";
import { startParley } from "../e2e/parley.mjs";
import { launch } from "./browser.mjs";
import { setScene } from "./scene.mjs";

const out = process.argv[2] ?? fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
const sizes = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};
const SETTLE_MS = 700;

await mkdir(out, { recursive: true });
const parley = await startParley();
const browser = await launch();
try {
  const scene = await setScene(parley.api);
  for (const [size, options] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      await shoot(scene, `${size}-${colorScheme}`, { ...options, colorScheme });
    }
    await shootChinese(scene, `${size}-zh`, options);
  }
} finally {
  await browser.close();
  await parley.stop();
}

/** A context, and what takes its pictures. */
async function begin(name, options) {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/London", ...options });
  const page = await context.newPage();
  const snap = async (what) => {
    await page.waitForTimeout(SETTLE_MS);
    await page.screenshot({ path: `${out}/${what}-${name}.png` });
  };
  return { context, page, snap };
}

async function shoot({ ada, channels, question }, name, options) {
  const { context, page, snap } = await begin(name, options);
  await page.goto(`${parley.url}/login`);
  await snap("login");
  await page.goto(`${parley.url}/register`);
  await page.getByRole("button", { name: "Create account" }).click();
  await snap("register");
  await logIn(page, parley.url, ada);
  if (options.isMobile) await snap("home");
  await page.goto(`${parley.url}/c/${channels.general.id}`);
  await page.getByText("I will take the export").waitFor();
  await snap("channel");
  await page.goto(`${parley.url}/c/${channels.general.id}/t/${question.message_id}`);
  await page.getByText("Thanks, both!").waitFor();
  await snap("thread");
  await page.goto(`${parley.url}/browse`);
  await page.getByText("book-club").waitFor();
  await snap("browse");
  await page.goto(`${parley.url}/c/${channels.random.id}`);
  await page.getByRole("heading", { name: "This is the beginning of random" }).waitFor();
  await snap("empty");
  if (!options.isMobile) {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("e");
    await snap("switcher");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Settings" }).click();
    await snap("settings");
  }
  await context.close();
}

async function shootChinese({ ada, channels, question }, name, options) {
  const zh = { locale: "zh-TW", timezoneId: "Asia/Taipei", colorScheme: "light" };
  const { context, page, snap } = await begin(name, { ...options, ...zh });
  await page.goto(`${parley.url}/register`);
  await snap("register");
  await page.goto(`${parley.url}/login`);
  await page.locator("input[name=email]").fill(ada.email);
  await page.locator("input[name=password]").fill(ada.password);
  await page.keyboard.press("Enter");
  await page.waitForURL((u) => !u.pathname.startsWith("/login"));
  await page.goto(`${parley.url}/c/${channels.general.id}/t/${question.message_id}`);
  await page.getByText("Thanks, both!").waitFor();
  await snap("thread");
  await page.goto(`${parley.url}/browse`);
  await page.getByText("book-club").waitFor();
  await snap("browse");
  await page.goto(parley.url);
  await page.getByRole("button", { name: "設定" }).click();
  await snap("settings");
  await context.close();
}
