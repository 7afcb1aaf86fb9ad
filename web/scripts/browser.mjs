import { chromium } from "playwright-core";

/** Debian's Chromium, which talks to nobody but the pages it is given. */
const options = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
};

export const launch = (more = {}) => chromium.launch({ ...options, ...more });

/** A browser that keeps what it knows in a folder: closed and opened again it is the same. */
export const openLasting = (folder) =>
  chromium.launchPersistentContext(folder, { ...options, locale: "en-GB", timezoneId: "Europe/London" });
