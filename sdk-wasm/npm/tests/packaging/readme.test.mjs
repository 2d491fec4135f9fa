// The examples of the documents: strict TypeScript takes each as it is written, and the quick start runs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { launch } from "../support/chromium.ts";
import { ROOT } from "../support/server.ts";
import { Project } from "./support/project.mjs";
import { Shop } from "./support/shop.mjs";

/** Only a test that hangs takes so long. */
const timeout = 60_000;

/** The code blocks of a document in `languages`, each with the line that it begins at. */
const blocks = (document, ...languages) => {
  const text = readFileSync(path.join(ROOT, document), "utf8");
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, language]) => languages.includes(language))
    .map(({ 1: language, 2: code, index }) => ({ language, code, line: text.slice(0, index).split("\n").length + 1 }));
};

test("strict TypeScript takes the examples", { timeout }, async (t) => {
  const project = await Project.create("readme");
  t.after(() => project.stop());
  mkdirSync(project.path("blocks"));
  let count = 0;
  for (const document of ["README.md", "sdk-wasm/npm/README.md"]) {
    for (const { language, code, line } of blocks(document, "ts", "tsx")) {
      const name = `${document.replaceAll("/", "-")}-line-${line}.${language}`;
      writeFileSync(project.path("blocks", name), `${code}export {};\n`);
      count += 1;
    }
  }
  assert.ok(count >= 5, `only ${count} examples were found`);
  await project.script("check");
});

test("what the quick start installs is the package alone, and its licence with it", { timeout }, (t) => {
  const text = readFileSync(path.join(ROOT, "README.md"), "utf8");
  const [, options] = /npm install (.*)\.\.\/transfer-status\/sdk-wasm\/npm$/m.exec(text);
  const folder = mkdtempSync(path.join(tmpdir(), "transfer-status-install-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, "package.json"), '{"private":true}');
  const args = ["install", "--offline", "--no-audit", "--no-fund", ...options.split(" ").filter(Boolean)];
  execFileSync("npm", [...args, path.join(ROOT, "sdk-wasm/npm")], { cwd: folder });
  const client = path.join(folder, "node_modules/@transfer-status/client");
  // A link would lead to the React that the package is tested with, and two of them break every hook.
  assert.equal(lstatSync(client).isSymbolicLink(), false);
  assert.equal(existsSync(path.join(client, "node_modules")), false);
  const license = (folder) => readFileSync(path.join(folder, "LICENSE"), "utf8");
  assert.equal(license(client), license(ROOT));
});

test("the server says where its dashboard is", { timeout }, async (t) => {
  const server = await Shop.start();
  t.after(() => server.stop());
  const [, address] = /^dashboard at (\S+)/m.exec(server.preface.join("\n")) ?? [];
  assert.equal(address, `${server.url}/dashboard`);
  assert.match((await fetch(address)).headers.get("content-type"), /^text\/html/);
});

test("the quick start for a page follows a payment", { timeout }, async (t) => {
  const project = await Project.create("readme");
  const [server, browser] = await Promise.all([Shop.start(), launch()]);
  t.after(() => Promise.all([browser.close(), server.stop()]));

  const { code } = blocks("README.md", "ts").find(({ code }) => code.includes("watchTransfer"));
  assert.match(code, /"http:\/\/127\.0\.0\.1:8787"/);
  writeFileSync(project.path("main.ts"), code.replace("http://127.0.0.1:8787", server.url));
  await project.run(project.path("node_modules/.bin/esbuild"), [
    "main.ts",
    "--bundle",
    "--format=esm",
    "--splitting",
    "--outdir=dist",
  ]);

  // The shop: its page, and the backend that grants the right to watch.
  const request = server.request();
  const answers = {
    "GET /": ["text/html", `<!doctype html><script type="module" src="/main.js"></script>`],
    "GET /main.js": ["text/javascript", readFileSync(project.path("dist/main.js"))],
    "POST /create-transfer-request": [
      "application/json",
      JSON.stringify({ transferRequestId: request.transferId, signature: request.signature }),
    ],
  };
  const shop = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const [type, body] = answers[`${method} ${url}`] ?? ["text/plain", ""];
    // As the example's shop does: what is no order gets no signature.
    const sent = Buffer.concat(await request.toArray()).toString();
    const isOrder = /^application\/json/.test(headers["content-type"] ?? "") && "amount" in JSON.parse(sent);
    if (method == "POST" && !isOrder) response.writeHead(400).end("the body is not an order");
    else response.writeHead(200, { "content-type": type }).end(body);
  });
  shop.listen(0, "127.0.0.1");
  await once(shop, "listening");
  t.after(() => shop.close());

  const page = await browser.newPage();
  const titled = (title) => page.waitForFunction((title) => document.title == title, title, { timeout: 10_000 });
  await page.goto(`http://127.0.0.1:${shop.address().port}/`);
  await titled("pending");
  await server.report(request.transferId, "processing");
  await titled("processing");
  await server.report(request.transferId, "completed");
  await titled("completed");
});
