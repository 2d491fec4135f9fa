/**
 * Contact sheets of the checkout's card for people to look at, in target/screenshots/gallery: every state in each language,
 * light and dark, at the widths that a page of 390 and of 1280 pixels leaves it, in forced colours and with text twice as
 * large. Fails where something does not fit, and where axe finds a fault. `cargo xtask screenshots` runs it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { build } from "esbuild";
import type { BrowserContextOptions } from "playwright-core";

import { languages } from "../../src/checkout/texts.ts";
import { launch } from "../support/chromium.ts";
import { ROOT } from "../support/server.ts";
import { audit } from "./support/axe.ts";

const folder = join(ROOT, "target/screenshots/gallery");
const desk: BrowserContextOptions = { viewport: { width: 1880, height: 8000 } };
/** Sheets about as high as they are wide, which a viewer shows larger than a strip. */
const wall: BrowserContextOptions = { viewport: { width: 3760, height: 8000 } };
const hand: BrowserContextOptions = { viewport: { width: 1520, height: 8000 }, hasTouch: true, isMobile: true };

/** The card's width, the size of its text, and the browser's settings. */
const modes: Record<string, { width: number; font?: string; options: BrowserContextOptions }> = {
  "1280-light": { width: 432, options: { ...desk, colorScheme: "light" } },
  "1280-dark": { width: 432, options: { ...desk, colorScheme: "dark" } },
  "390-light": { width: 350, options: { ...hand, colorScheme: "light" } },
  "390-dark": { width: 350, options: { ...hand, colorScheme: "dark" } },
  "forced-light": { width: 432, options: { ...desk, colorScheme: "light", forcedColors: "active" } },
  "forced-dark": { width: 432, options: { ...desk, colorScheme: "dark", forcedColors: "active" } },
  "zoomed-390": { width: 350, font: "200%", options: { ...hand, colorScheme: "light" } },
  "zoomed-1280": { width: 600, font: "200%", options: { ...wall, colorScheme: "light" } },
};

mkdirSync(folder, { recursive: true });
const page = join(folder, "gallery.html");
const script = join(folder, "gallery.js");
await build({
  entryPoints: [join(import.meta.dirname, "fixtures/gallery.ts")],
  outfile: script,
  bundle: true,
  format: "iife",
  loader: { ".css": "text" },
});
const style = `
  :root { color-scheme: light dark; background: light-dark(#f5f2ec, #131210); color: light-dark(#1c1a17, #f4f1ea); font: 1rem/1.5 sans-serif }
  main, body { display: flex; flex-wrap: wrap; gap: 20px; align-items: start; margin: 20px }
  figure { margin: 0 } figcaption { font-size: 13px }`;
writeFileSync(
  page,
  `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Gallery</title><style>${style}</style><body></body>`,
);

const browser = await launch();
const faults: string[] = [];
for (const [mode, { width, font, options }] of Object.entries(modes)) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  for (const lang of Object.keys(languages)) {
    const tab = await context.newPage();
    await tab.goto(`${pathToFileURL(page)}#lang=${lang}`);
    await tab.addStyleTag({ content: `figure { width: ${width}px } :root { font-size: ${font ?? "100%"} }` });
    await tab.addScriptTag({ path: script });
    // A picture of the full page would take the touch screen away while it is made.
    const height = Math.ceil(await tab.evaluate(() => document.body.getBoundingClientRect().bottom + 20));
    const clip = { x: 0, y: 0, width: options.viewport!.width, height };
    await tab.screenshot({ path: join(folder, `${mode}-${lang}.png`), clip });
    const found: string[] = await tab.evaluate("[...cramped(), ...ragged()]");
    // The sheet itself is no page: it has neither landmarks nor one heading of each level.
    const heard = (await audit(tab)).filter((text) => !/^(region|landmark-one-main|page-has-heading-one):/.test(text));
    faults.push(...[...found, ...heard].map((text) => `${mode}, ${lang}: ${text}`));
    await tab.close();
  }
  await context.close();
}
await browser.close();
console.log(`the contact sheets are in ${folder}`);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
