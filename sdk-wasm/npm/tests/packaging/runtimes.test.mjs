// The packed package without a page: in Node.js, and in a Worker on workerd.
import { after, before, test } from "node:test";

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
