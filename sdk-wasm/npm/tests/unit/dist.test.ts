/** The package as it ships: every entry loads without a page, and the translated session is the same session. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { Random } from "./support/mutate.ts";
import { TestServer, signature, status } from "./support/server.ts";
import {
  type Core,
  INPUT_CLOSE,
  INPUT_POLL_FAILED,
  INPUT_START,
  OUTPUT_CONNECT,
  OUTPUT_POLL,
  OUTPUT_REFRESH,
  OUTPUT_WAIT,
} from "../../src/core.ts";
import { unpack } from "../../src/unpack.ts";

const dist = (name: string, page = "") => import(new URL(`../../dist/${name}.js${page}`, import.meta.url).href);
const wasm = readFileSync(new URL("../../dist/session.wasm", import.meta.url));

let server: TestServer;
before(async () => {
  server = await TestServer.start();
  server.onSocket = (socket) => {
    socket.send(status());
    socket.send(status({ status: "completed", version: 2 }));
  };
});
after(() => server.stop());

const options = () => ({ url: server.url, transferId: "transfer-123", signature });

const client = ["TransferStatusError", "isFinal", "watchTransfer"];
const entries: Record<string, string[]> = {
  index: client,
  slim: client,
  cdn: ["TransferStatusElement", ...client],
  store: ["createStore", "identity", "initialState", "isFinal"],
  react: ["hookOn", "useTransferStatus"],
  vue: ["composableOn", "useTransferStatus"],
  svelte: ["transferStatus"],
  solid: ["createTransferStatus", "primitiveOn"],
  angular: ["injectOn", "injectTransferStatus"],
  element: ["TransferStatusElement"],
  checkout: ["TransferCheckoutElement"],
  testing: ["fakeService", "scriptedWatch"],
  server: ["PublishError", "Secret", "SignatureError", "mint", "publish", "sign", "verify", "watch"],
};
for (const [entry, names] of Object.entries(entries)) {
  test(`${entry} loads without a page`, async () => {
    assert.deepEqual(Object.keys(await dist(entry)).sort(), names.sort());
  });
}

test("no entry for pages has the code that signs, nor brings it along", () => {
  for (const entry of Object.keys(entries).filter((entry) => entry != "server")) {
    const text = readFileSync(new URL(`../../dist/${entry}.js`, import.meta.url), "utf8");
    assert.doesNotMatch(text, /importKey|\.\/server\.js/, entry);
  }
});

test("the default entry follows a payment in Node", { timeout: 60_000 }, async () => {
  const { watchTransfer } = await dist("index");
  assert.equal((await watchTransfer(options()).finished).version, 2);
});

test("the slim entry does, where the wasm file can be fetched and where not", { timeout: 60_000 }, async () => {
  const { watchTransfer } = await dist("slim");
  server.onGet = (_, response) => response.writeHead(200, { "content-type": "application/wasm" }).end(wasm);
  assert.equal((await watchTransfer({ ...options(), wasm: server.url + "/session.wasm" }).finished).version, 2);
  assert.equal(server.gets.length, 1);
  assert.equal((await watchTransfer({ ...options(), wasm: "http://127.0.0.1:9/none" }).finished).version, 2);
});

test("where WebAssembly is refused, the translated session takes over", { timeout: 60_000 }, async (context) => {
  const refuse = () => Promise.reject(new WebAssembly.CompileError("blocked by the Content Security Policy"));
  const { mock } = context.mock.method(WebAssembly, "compile", refuse);
  const { watchTransfer } = await dist("index", "?a-page-with-a-strict-policy");
  for (let watch = 0; watch < 3; watch++) assert.equal((await watchTransfer(options()).finished).version, 2);
  assert.equal(mock.callCount(), 1, "a policy is asked, and reports, once a page");
});

test("the translated session is the same session, over thousands of random inputs", async () => {
  const { default: translated } = await dist("fallback");
  const random = new Random(Number(process.env.FUZZ_SEED ?? 7));
  for (let run = 0; run < 200; run++) {
    const { instance } = await WebAssembly.instantiate(wasm);
    const both = [instance.exports as unknown as Core, translated() as Core];
    let now = 1_700_000_000_000;
    let id = 1;
    const feed = (...input: number[]) => {
      const outputs = both.map((core) => {
        core.input(...(input as Parameters<Core["input"]>));
        const said = [];
        for (let kind = 1; kind; ) {
          kind = core.output();
          said.push([kind, ...[0, 1, 2, 3].map((index) => core.value(index))]);
        }
        return said;
      });
      assert.deepEqual(outputs[1], outputs[0], `run ${run}: ${input}`);
      for (const [kind, value] of outputs[0]!) {
        if (kind == OUTPUT_CONNECT || kind == OUTPUT_POLL || kind == OUTPUT_REFRESH) id = value!;
        if (kind == OUTPUT_WAIT && value! > now && random.below(2)) now = value!;
      }
    };
    feed(INPUT_START, now, 0, random.below(4), random.next(), 0);
    for (let step = 0; step < 100; step++) {
      now += random.pick([0, 1, 100, 3_000, 20_000, -500]);
      const codes = [0, 1, 2, 3, 4, 5, 6, 200, 304, 401, 429, 1000, 1006, 1012, 4401, 4408, 4410, 4429, 65_536 + 1000];
      const version = random.pick([-1, 0, 1, 2, 3, 2 ** 53, NaN]);
      const named = random.below(5) ? id : random.below(9);
      const what = random.below(INPUT_CLOSE);
      // The driver bounds a `Retry-After`.
      const bounded = what == INPUT_POLL_FAILED ? Math.min(version, 1e9) : version;
      feed(what, now, named, random.pick(codes), bounded, random.pick([0, now, -1, 8.64e15]));
    }
  }
});

test("the module is compiled once a page", { timeout: 60_000 }, async (context) => {
  const { mock } = context.mock.method(WebAssembly, "compile");
  const { watchTransfer } = await dist("index", "?another-page");
  for (let watch = 0; watch < 3; watch++) assert.equal((await watchTransfer(options()).finished).version, 2);
  assert.equal(mock.callCount(), 1);
});

test("every byte survives being packed as text", async () => {
  const { pack } = await import(new URL("../../build.mjs", import.meta.url).href);
  const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => (i * 7) % 256);
  assert.deepEqual(unpack(pack(bytes)), bytes);
  assert.match(pack(bytes), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
});
