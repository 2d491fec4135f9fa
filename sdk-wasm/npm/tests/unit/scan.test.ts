/** What is sent when a code is scanned, and what the answers become. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";

const load = (name: string) => import(new URL(`../../dist/${name}.js`, import.meta.url).href);
const { reportScan } = (await load("qr")) as typeof import("../../src/qr.ts");
const { TransferStatusError } = (await load("index")) as typeof import("../../src/index.ts");

const SIGNATURE = "eyJ0+/==.c2ln-_";

const serve = async (t: TestContext, listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = "";
  for await (const part of request) body += part;
  return body;
};

const failure = async (what: Promise<void>): Promise<InstanceType<typeof TransferStatusError>> => {
  try {
    await what;
  } catch (error) {
    assert(error instanceof TransferStatusError, String(error));
    return error;
  }
  assert.fail("it went well");
};

test("a scan is told with the signature in a header, and so is the phone that is put away", async (t) => {
  const seen: unknown[] = [];
  const url = await serve(t, async (request, response) => {
    seen.push([request.method, request.url, request.headers.authorization, JSON.parse(await bodyOf(request))]);
    response.end("{}");
  });
  for (const address of [url, `${url}/`, new URL(url), url.replace("http", "ws"), `${url}/status/`]) {
    seen.length = 0;
    await reportScan({ url: address, transferId: "transfer-1", signature: SIGNATURE }, true);
    await reportScan({ url: address, transferId: "transfer-1", signature: SIGNATURE }, false);
    const path = String(address).includes("status") ? "/status/scan" : "/scan";
    const told = (scanned: boolean) => ["POST", path, `Bearer ${SIGNATURE}`, { transferId: "transfer-1", scanned }];
    assert.deepEqual(seen, [told(true), told(false)]);
  }
});

test("a refusal of the service is an error with its code and its words; a stranger's page is not", async (t) => {
  let answer: [number, string] = [200, ""];
  const url = await serve(t, (_, response) => response.writeHead(answer[0]).end(answer[1]));
  const target = { url, transferId: "transfer-1", signature: SIGNATURE };
  for (const [status, code, expected] of [
    [401, "unauthorized", "unauthorized"],
    [401, "expired", "expired"],
    [403, "forbidden", "forbidden"],
    [400, "bad_request", "bad_request"],
    [413, "too_large", "too_large"],
    [503, "unavailable", "failed"],
    [418, "brand_new", "failed"],
  ] as const) {
    answer = [status, JSON.stringify({ type: "error", code, message: `do this about ${code}` })];
    const error = await failure(reportScan(target, true));
    assert.deepEqual([error.code, error.message], [expected, `do this about ${code}`]);
  }
  for (const page of ["<html>sign in to the network</html>", "null", '{"code":"unauthorized"}', "[]", '"text"']) {
    answer = [401, page];
    const error = await failure(reportScan(target, true));
    assert.equal(error.code, "failed", page);
    assert.match(error.message, /401/);
    assert.doesNotMatch(error.message, /eyJ0/);
  }
});

test("a service that cannot be reached is an error with its cause, an abort the signal's reason", async (t) => {
  const hung = await serve(t, () => {});
  const target = { url: hung, transferId: "transfer-1", signature: SIGNATURE };
  const controller = new AbortController();
  const reason = new Error("the customer left");
  const rejected = assert.rejects(reportScan(target, true, { signal: controller.signal }), reason);
  controller.abort(reason);
  await rejected;
  await assert.rejects(reportScan(target, true, { signal: controller.signal }), reason);

  const gone = createServer().listen(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, "close");
  const error = await failure(reportScan({ ...target, url: `http://127.0.0.1:${port}` }, true));
  assert.equal(error.code, "failed");
  assert(error.cause instanceof Error);
});

test("no answer for ten seconds is an error", async (t) => {
  const url = await serve(t, () => {});
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const failed = failure(reportScan({ url, transferId: "transfer-1", signature: SIGNATURE }, true));
  t.mock.timers.tick(10_000);
  const error = await failed;
  assert.equal(error.code, "failed");
  assert.match(String(error.cause), /10 s/);
});

test("an address that cannot be right is refused at once", async () => {
  for (const url of [
    undefined,
    "",
    "status.example.com",
    "/status",
    "ftp://status.example.com",
    "https://status.example.com?x=1",
    "https://status.example.com#x",
    "https://user@status.example.com",
    "https://",
    "http://status.example.com",
    "ws://status.example.com",
  ]) {
    const target = { url: url as string, transferId: "transfer-1", signature: SIGNATURE };
    await assert.rejects(reportScan(target, true), TypeError, String(url));
  }
});

test("plain text to a public host goes out only where that is said in so many words", async (t) => {
  const asked = t.mock.method(globalThis, "fetch", async () => new Response("{}"));
  const target = { url: "http://status.example.com", transferId: "transfer-1", signature: SIGNATURE };
  await assert.rejects(reportScan(target, true), TypeError);
  assert.equal(asked.mock.callCount(), 0);
  await reportScan({ ...target, allowPlainText: true }, true);
  await reportScan({ ...target, url: "http://till.local" }, true);
  assert.deepEqual(
    asked.mock.calls.map(({ arguments: [url] }) => url),
    ["http://status.example.com/scan", "http://till.local/scan"],
  );
});
