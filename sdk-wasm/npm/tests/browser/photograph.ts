/**
 * Takes a picture of the code that the checkout page shows, for `cargo xtask demo --phones`: `photograph.ts SHOP FILE` has
 * the page of the shop at that address show the payment on stdin, the backend's answer to its request, and writes a PNG.
 */
import { readFileSync } from "node:fs";

import { freshContext, seeCode, startBrowser } from "./support/browser.ts";

const [shop, file] = process.argv.slice(2);
if (!shop || !file) throw new Error("usage: photograph.ts SHOP FILE < ANSWER");
const created = readFileSync(0, "utf8");

const browser = await startBrowser();
try {
  const page = await (await freshContext(browser)).context.newPage();
  await page.route("**/create-transfer-request", (route) =>
    route.fulfill({ status: 201, contentType: "application/json", body: created }),
  );
  await page.goto(shop);
  const { qr } = await seeCode(page);
  if (qr != JSON.parse(created).qr) throw new Error("the page shows another payment");
  // With what the code stands on, as a camera has it.
  await page.locator("#code").locator("..").screenshot({ path: file });
} finally {
  await browser.close();
}
