// Whole shops in folders that have never seen the repository, from the packed package: backend, page and bank are the
// shop's own, and the service is real.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { HMAC_SECRET, ROOT, Server, SUBSCRIBE_HMAC_SECRET } from "../support/server.ts";
import { launch } from "../support/chromium.ts";
import { Project } from "./support/project.mjs";

/** Only a test that hangs takes so long. */
const MINUTES = { timeout: 180_000 };
const hasPhp = spawnSync("php", ["--version"]).status === 0;

let server, browser, env;
before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
  env = { TRANSFER_STATUS_URL: server.url, HMAC_SECRET, SUBSCRIBE_HMAC_SECRET };
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A page in a browser of its own, whose errors fail the test. */
const open = async (t, address) => {
  const context = await browser.newContext({ locale: "en-GB" });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.stack));
  page.on("console", (message) => message.type() == "error" && errors.push(message.text()));
  t.after(() => context.close());
  await page.goto(address);
  return { page, errors };
};

test("a shop on React and Node.js is paid", MINUTES, async (t) => {
  const shop = await Project.create("react-shop");
  t.after(() => shop.stop());
  await shop.script("build");
  const backend = shop.start("node", ["backend.mjs"], env);
  const [, address] = await backend.until(/the shop is at (\S+)/);
  const bank = (id, status) => shop.start("node", ["bank.mjs", id, status], env).until(/^version \d+$/);

  const { page, errors } = await open(t, address);
  const sees = async (view, words) => {
    await page.locator(`transfer-checkout[view="${view}"]`).waitFor();
    await page.locator("output", { hasText: words }).waitFor();
  };
  await sees("waiting", "pending so far");
  const id = await page.locator("transfer-checkout").evaluate((element) => element.request.transferRequestId);
  await bank(id, "processing");
  await sees("processing", "processing so far");
  await bank(id, "completed");
  await sees("completed", "completed for good");
  await page.getByRole("link", { name: "Back to the shop" }).waitFor();
  assert.deepEqual(errors, []);
});

test("a shop in PHP with the file for a CDN is paid", {
  ...MINUTES,
  skip: !hasPhp && "PHP is not installed",
}, async (t) => {
  const shop = await Project.create("php-shop");
  t.after(() => shop.stop());
  cpSync(path.join(ROOT, "examples/backends/php/transfer_status.php"), shop.path("transfer_status.php"));
  const backend = shop.start("php", ["-S", "127.0.0.1:0", "index.php"], env);
  const [, address] = await backend.until(/(http:\/\/127\.0\.0\.1:\d+)/);
  const bank = (id, status) => shop.start("php", ["bank.php", id, status], env).until(/^version \d+$/);

  const { page, errors } = await open(t, address);
  const element = page.locator("transfer-status");
  const sees = (words) => element.getByText(words).waitFor();
  // "One moment…" may be gone before anybody has looked.
  await sees("Scan the code to pay.");
  const id = await element.getAttribute("transfer-id");
  await bank(id, "processing");
  await sees("Your bank is at work.");
  await bank(id, "completed");
  await sees("Paid. Thank you!");
  assert.equal(await element.getByText("Scan the code to pay.").isVisible(), false);
  assert.deepEqual(errors, []);
});
