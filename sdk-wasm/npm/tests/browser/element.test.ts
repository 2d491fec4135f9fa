/** `<transfer-status>` on a page in a real browser: before its script, without it, and as the page changes around it. */
import { strict as assert } from "node:assert";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";

import type { Browser, Page } from "playwright-core";

import { ROOT, Server, sign } from "../support/server.ts";
import { freshContext, PATIENCE, startBrowser } from "./support/browser.ts";

const dist = (name: string) => readFileSync(join(ROOT, "sdk-wasm/npm/dist", name), "utf8");

let server: Server;
let browser: Browser;
before(async () => {
  [server, browser] = await Promise.all([Server.start(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A page of a shop as in the README; its script is `script`, which never comes when it is `null`. */
const open = async (
  id: string,
  script: string | null,
  t: TestContext,
): Promise<{ page: Page; complaints: string[] }> => {
  const html = `<!doctype html><title>shop</title>
    <link rel="stylesheet" href="/element.css">
    <script type="module" src="/page.js"></script>
    <section><transfer-status url="${server.url}" transfer-id="${id}" signature="${sign(id)}">
      <p slot="waiting">One moment…</p>
      <p slot="processing">Your bank is at work.</p>
      <p slot="completed">Paid. Thank you!</p>
      <p slot="error">Please reload the page.</p>
    </transfer-status></section><aside></aside>`;
  const files: Record<string, [type: string, body: string]> = {
    "/": ["text/html", html],
    "/element.css": ["text/css", dist("element.css")],
    "/cdn.js": ["text/javascript", dist("cdn.js")],
    "/page.js": ["text/javascript", script ?? ""],
  };
  const shop = createServer(({ url }, response) => {
    const [type, body] = files[url ?? ""] ?? [];
    if (url == "/page.js" && script == null) response.destroy();
    else response.writeHead(type ? 200 : 204, { "content-type": `${type}; charset=utf-8` }).end(body);
  });
  shop.listen(0, "127.0.0.1");
  await once(shop, "listening");
  const { context, complaints } = await freshContext(browser);
  t.after(async () => {
    await context.close();
    shop.closeAllConnections();
    shop.close();
  });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${(shop.address() as AddressInfo).port}/`);
  return { page, complaints };
};

test("a page whose script is blocked says that it waits, and never that it was paid", async (t) => {
  const { page } = await open("order-blocked", null, t);
  assert.equal((await page.locator("body").innerText()).trim(), "One moment…");
});

test("with its script it says what is so, and only that", async (t) => {
  const { page, complaints } = await open("order-paid", 'import "/cdn.js";', t);
  await server.report("order-paid", "processing");
  const shown = (text: string) => page.locator("transfer-status").getByText(text).waitFor({ timeout: PATIENCE });
  await shown("Your bank is at work.");
  await server.report("order-paid", "completed");
  await shown("Paid. Thank you!");
  for (const other of ["One moment…", "Your bank is at work.", "Please reload the page."]) {
    assert.equal(await page.getByText(other).isVisible(), false, other);
  }
  assert.deepEqual(complaints, []);
});

test("a getSignature that was set before the script came is asked", async (t) => {
  const id = "order-early";
  const script = `
    const element = document.querySelector("transfer-status");
    element.removeAttribute("signature");
    element.getSignature = () => ${JSON.stringify(sign(id))};
    await import("/cdn.js");
    window.own = Object.hasOwn(element, "getSignature");
  `;
  const { page, complaints } = await open(id, script, t);
  await page.locator('transfer-status[connection="live"]').waitFor();
  assert.equal(await page.evaluate(() => (window as unknown as { own: boolean }).own), false);
  assert.deepEqual(complaints, []);
});

test("an element that is moved keeps its socket, however it is moved", async (t) => {
  const { page, complaints } = await open("order-moved", 'import "/cdn.js";', t);
  await page.locator('transfer-status[connection="live"]').waitFor();
  let dialled = 0;
  page.on("websocket", () => (dialled += 1));
  await page.evaluate(() => {
    const element = document.querySelector("transfer-status")!;
    document.querySelector("aside")!.append(element);
    const section = document.querySelector("section")! as HTMLElement & { moveBefore?(node: Node, child: null): void };
    section.moveBefore?.(element, null);
  });
  await server.report("order-moved", "processing");
  await page.locator('transfer-status[status="processing"]').waitFor();
  assert.equal(dialled, 0);
  assert.deepEqual(complaints, []);
});
