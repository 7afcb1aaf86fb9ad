// Draws the PNG icons from the mark. Run by hand when the mark changes: the icons are committed.
import { readFile, writeFile } from "node:fs/promises";
import { launch } from "./browser.mjs";

const mark = await readFile(new URL("../public/favicon.svg", import.meta.url), "utf8");
const sizes = [
  { file: "icon-192.png", size: 192, inset: 0.12, radius: 0.22 },
  { file: "icon-512.png", size: 512, inset: 0.12, radius: 0.22 },
  { file: "icon-maskable-512.png", size: 512, inset: 0.24, radius: 0 },
];

const browser = await launch();
for (const { file, size, inset, radius } of sizes) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const pad = Math.round(size * inset);
  await page.setContent(`<style>
    body { margin: 0; background: none }
    div { box-sizing: border-box; width: ${size}px; height: ${size}px; padding: ${pad}px;
      background: #f5f3ee; border-radius: ${size * radius}px }
    svg { width: 100%; height: 100% }
  </style><div>${mark}</div>`);
  const png = await page.screenshot({ omitBackground: true });
  await writeFile(new URL(`../public/icons/${file}`, import.meta.url), png);
  await page.close();
}
await browser.close();
