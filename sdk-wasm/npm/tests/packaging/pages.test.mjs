// The packed package in projects as people have them, each built for production and followed through a payment in
// Chromium: once as it is, once under a policy that refuses WebAssembly.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "../support/chromium.ts";
import { visit } from "./support/browser.mjs";
import { serveFiles, servePolicy } from "./support/files.mjs";
import { Project } from "./support/project.mjs";
import { Shop } from "./support/shop.mjs";

const STRICT = "default-src 'none'; connect-src *; script-src 'self'";
/** Only a test that hangs takes so long. */
const MINUTES = { timeout: 180_000 };

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([Shop.start(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A payment on the page at `address`: each of `lists` has to see all of it, after these attempts at WebAssembly. */
const payOn = async (address, lists, attempts) => {
  const request = server.request();
  await visit(browser, `${address}#${new URLSearchParams(request)}`, async (page) => {
    await server.pay(request, (text) => Promise.all(lists.map((list) => page.sees(list, text))));
    assert.deepEqual(await page.attempts(), attempts);
  });
};

/** Both visits, with what the entries of the page try. */
const payTwice = async (t, address, lists, tries) => {
  await payOn(
    address,
    lists,
    tries.map((name) => `${name} ok`),
  );
  const strict = await stopping(t, servePolicy(address, STRICT));
  await payOn(
    strict.url,
    lists,
    tries.map((name) => `${name} refused`),
  );
};

/** What has been started, to be stopped with the test. */
const stopping = async (t, starting) => {
  const started = await starting;
  t.after(() => started.stop());
  return started;
};

const BOTH = ["default", "slim"];
const BOTH_TRIES = ["compile", "compileStreaming"];

const project = (t, name) => stopping(t, Project.create(name, ["page.js"]));
const files = async (t, folders) => (await stopping(t, serveFiles(folders))).url;

test("a Vite project, by its own preview server", MINUTES, async (t) => {
  const vite = await project(t, "vite");
  await vite.script("build");
  const preview = vite.start("vite", ["preview", "--host", "127.0.0.1", "--port", "0"]);
  const [address] = await preview.until(/http:\/\/127\.0\.0\.1:\d+\//);
  await payTwice(t, address, BOTH, BOTH_TRIES);
});

test("a webpack 5 project", MINUTES, async (t) => {
  const webpack = await project(t, "webpack");
  await webpack.script("build");
  await payTwice(t, await files(t, { "/": webpack.folder }), BOTH, BOTH_TRIES);
});

test("an esbuild bundle", MINUTES, async (t) => {
  const esbuild = await project(t, "esbuild");
  await esbuild.script("build");
  await payTwice(t, await files(t, { "/": esbuild.folder }), BOTH, BOTH_TRIES);
});

test("a page without a build, with the file for a CDN and the element", MINUTES, async (t) => {
  const page = await project(t, "module");
  const dist = page.path("node_modules/@transfer-status/client/dist");
  const address = await files(t, { "/client/": dist, "/": page.folder });
  await payTwice(t, address, ["default", "element"], ["compile"]);
});

test(
  "the checkout's element, as files without a build, under a policy that refuses WebAssembly",
  MINUTES,
  async (t) => {
    const project = await stopping(t, Project.create("checkout"));
    const dist = project.path("node_modules/@transfer-status/client/dist");
    const address = await files(t, { "/client/": dist, "/": project.folder });
    const { url } = await stopping(t, servePolicy(address, STRICT));
    const page = await browser.newPage();
    t.after(() => page.close());
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    const request = server.request();
    await page.goto(`${url}#${new URLSearchParams(request)}`);
    const sees = (view, text) => page.locator(`transfer-checkout[view="${view}"]`, { hasText: text }).waitFor();
    await sees("waiting", "Zum Bezahlen scannen");
    await server.report(request.transferId, "processing");
    await sees("processing", "Ihre Zahlung ist unterwegs");
    await server.report(request.transferId, "completed", { amount: 12.1 });
    await sees("completed", "12,10\u00a0€");
    await page.getByRole("link", { name: "Zur Bestellung" }).waitFor();
    await page.reload();
    await sees("completed", "order-7");
    assert.deepEqual(errors, []);
  },
);

const ADAPTERS = ["vue", "svelte", "solid", "react", "angular"].flatMap((name) => [name, `${name}-slim`]);

test("every adapter on one page, by Vite's dev server and built", MINUTES, async (t) => {
  const frameworks = await project(t, "frameworks");
  const serve = async (...args) => {
    const started = frameworks.start("vite", [...args, "--host", "127.0.0.1", "--port", "0"]);
    return (await started.until(/http:\/\/127\.0\.0\.1:\d+\//))[0];
  };
  const pay = async (address) => {
    const request = server.request();
    await visit(browser, `${address}#${new URLSearchParams(request)}`, (page) =>
      server.pay(request, (text) =>
        Promise.all(text.startsWith("finished") ? [] : ADAPTERS.map((list) => page.sees(list, text))),
      ),
    );
  };
  await pay(await serve());
  await frameworks.script("build");
  await pay(await serve("preview"));
});

test("a Next.js project, rendered on the server and alive in the browser", MINUTES, async (t) => {
  const next = await project(t, "next");
  await next.script("build");
  const start = next.start("next", ["start", "--hostname", "127.0.0.1", "--port", "0"]);
  const [address] = await start.until(/http:\/\/127\.0\.0\.1:\d+/);

  const pay = async (address, attempts) => {
    const request = server.request();
    const page = `${address}/?${new URLSearchParams(request)}`;
    const html = await (await fetch(page)).text();
    assert.match(html, /<ul id="react"><li>connecting<\/li><\/ul>/, "the server renders what is known there");
    await visit(browser, page, async (page) => {
      const lists = (text) => (text.startsWith("finished") ? ["slim"] : ["react", "slim"]);
      await server.pay(request, (text) => Promise.all(lists(text).map((list) => page.sees(list, text))));
      assert.deepEqual(await page.attempts(), attempts);
    });
  };
  await pay(
    address,
    BOTH_TRIES.map((name) => `${name} ok`),
  );
  // Next.js puts scripts into the page itself; WebAssembly is refused all the same.
  const strict = await stopping(t, servePolicy(address, `${STRICT} 'unsafe-inline'`));
  await pay(
    strict.url,
    BOTH_TRIES.map((name) => `${name} refused`),
  );

  const request = server.request();
  const answer = fetch(`${address}/follow`, { method: "POST", body: JSON.stringify(request) });
  await server.report(request.transferId, "processing");
  await server.report(request.transferId, "completed");
  assert.deepEqual(await (await answer).json(), { status: "completed", version: 2 });
});
