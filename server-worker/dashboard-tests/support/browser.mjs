// What every test asks of a page: no script error, nothing against the policy, nothing that axe finds.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { tools } from "../../../sdk-wasm/npm/tests/support/chromium.ts";
import { ADMIN_TOKEN, ROOT } from "../../../sdk-wasm/npm/tests/support/server.ts";

const AXE = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");

const SCREENSHOTS = path.join(ROOT, "target/screenshots");
export const WIDE = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** A page of a viewer in Berlin who reads British English. What goes wrong in it is kept in `page.problems`. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({
    viewport: WIDE,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    ...options,
  });
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(error.stack));
  page.on("console", (message) => {
    const text = message.text();
    // A refused request is often what a test is about; the browser prints each as an error.
    if (message.type() === "error" && !/Failed to load resource|WebSocket connection|net::ERR_/.test(text)) {
      page.problems.push(text);
    }
  });
  return page;
}

/** Signs in and waits for the live dashboard. */
export async function signIn(page, server, address = "/dashboard") {
  await page.goto(server.url + address);
  await page.getByLabel("Admin token").fill(ADMIN_TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await isLive(page);
}

/** Waits until every feed is open and the list is there. */
export async function isLive(page) {
  await page.locator('#link-state[data-state="live"]').waitFor();
  await page.locator('#rows[aria-busy="false"]').waitFor({ state: "attached" });
}

/** The row of a transfer. */
export function row(page, id) {
  return page.locator(`tr[data-id="${id}"]`);
}

/** The ids of the list, from the top. */
export function idsOf(page) {
  return page.locator("#rows tr[data-id]").evaluateAll((rows) => rows.map((each) => each.dataset.id));
}

/** Takes a screenshot in each theme and has axe look at both. */
export async function look(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${colorScheme}.png`), animations: "disabled" });
    assert.deepEqual(await axe(page), [], `axe in ${name}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null });
}

/** Nothing is wider than the screen. */
export async function fitsTheScreen(page) {
  const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= screen, `the page is ${content} px wide on a screen of ${screen} px`);
}

async function axe(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const said =
    (id) =>
    ({ target, failureSummary }) =>
      `${id}: ${target} ${failureSummary}`;
  return violations.flatMap(({ id, nodes }) => nodes.map(said(id)));
}
