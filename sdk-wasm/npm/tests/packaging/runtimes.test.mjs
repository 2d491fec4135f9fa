// The packed package without a page: in Node.js, and in a Worker on workerd; its entry for backends also in Bun and Deno.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { HMAC_SECRET, ROOT, SUBSCRIBE_HMAC_SECRET } from "../support/server.ts";
import { Project } from "./support/project.mjs";
import { Shop } from "./support/shop.mjs";

/** Only a test that hangs takes so long. */
const timeout = 60_000;

let server;
before(async () => {
  server = await Shop.start();
});
after(() => server?.stop());

test("a program on Node.js 22", { timeout }, async (t) => {
  const project = await Project.create("node");
  t.after(() => project.stop());
  const request = server.request();
  const program = project.start("node", ["watch.js"], { REQUEST: JSON.stringify(request) });
  await server.pay(request, (text) => program.until(new RegExp(`^${text}$`)));
});

test("a Worker, where WebAssembly has to be compiled beforehand", { timeout }, async (t) => {
  const project = await Project.create("worker");
  t.after(() => project.stop());
  const flags = ["--local", "--ip", "127.0.0.1", "--port", "0", "--show-interactive-dev-session=false"];
  const wrangler = project.start("wrangler", ["dev", ...flags]);
  const [address] = await wrangler.until(/http:\/\/127\.0\.0\.1:\d+/);

  const request = server.request();
  const response = await fetch(address, { method: "POST", body: JSON.stringify(request) });
  let seen = "";
  const chunks = response.body.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  await server.pay(request, async (text) => {
    while (!seen.includes(`data: ${text}\n`)) {
      const { value, done } = await chunks.next();
      if (done) throw new Error(`the Worker's answer ended without "${text}": ${seen}`);
      seen += value;
    }
  });
});

/** What the story of a backend is told with, and the lines that it has to tell. */
const backend = () => {
  const read = (name) => JSON.parse(readFileSync(path.join(ROOT, `protocol/tests/vectors/${name}.json`), "utf8"));
  return {
    vectors: { subscriptions: read("subscription-tokens"), updates: read("update-signatures") },
    url: server.url,
    transferId: `order-${randomUUID()}`,
    updateSecret: HMAC_SECRET,
    subscribeSecret: SUBSCRIBE_HMAC_SECRET,
  };
};
const TOLD = [
  "vectors 221 wrong 0",
  "minted merchant-7 true",
  "published processing 1 Zażółć ✓",
  "refused true conflict 409 1",
  "refused unauthorized false false",
  "watched processing 1",
  "watched completed 2",
  "finished completed",
];

/** The program of a runtime from npm: its packages come without their install scripts. */
const native = (project, scope, ...name) => {
  const packages = readdirSync(project.path("node_modules", scope)).filter((name) => !/musl|baseline/.test(name));
  return project.path("node_modules", scope, packages[0], ...name);
};
const runtimes = {
  "Node.js 22": () => ["node", "backend.js"],
  Bun: (project) => [native(project, "@oven", "bin/bun"), "backend.js"],
  Deno: (project) => [native(project, "@deno", "deno"), "run", "--allow-net", "--allow-env", "backend.js"],
};
for (const [name, command] of Object.entries(runtimes)) {
  test(`a backend on ${name}`, { timeout }, async (t) => {
    const project = await Project.create("backend");
    t.after(() => project.stop());
    const [program, ...args] = command(project);
    const told = project.start(program, args, { STORY: JSON.stringify(backend()) });
    await told.until(/^finished/);
    assert.deepEqual(told.lines, TOLD);
  });
}

test("a backend on Workers", { timeout }, async (t) => {
  const project = await Project.create("backend");
  t.after(() => project.stop());
  const flags = ["--local", "--ip", "127.0.0.1", "--port", "0", "--show-interactive-dev-session=false"];
  const wrangler = project.start("wrangler", ["dev", ...flags]);
  const [address] = await wrangler.until(/http:\/\/127\.0\.0\.1:\d+/);
  const response = await fetch(address, { method: "POST", body: JSON.stringify(backend()) });
  assert.deepEqual((await response.text()).split("\n"), TOLD);
});
