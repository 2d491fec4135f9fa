/** The machine's own Chromium, under the Playwright that `cargo xtask setup` has installed. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { ROOT } from "./server.ts";

/** What Chromium needs on a machine without a display, and what keeps it from calling home. */
export const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const places = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** An npm package of xtask/tools. */
export const tools: NodeJS.Require = createRequire(join(ROOT, "xtask/tools/package.json"));

/** The program: the one that `CHROMIUM` names, or the distribution's. */
export const executable = (): string => {
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error("no Chromium was found: run `cargo xtask setup`, or name one in CHROMIUM");
  return found;
};

/** Starts it; `options` are Playwright's. */
export const launch = (options: object = {}): Promise<any> =>
  tools("playwright-core").chromium.launch({ executablePath: executable(), args: flags, ...options });
