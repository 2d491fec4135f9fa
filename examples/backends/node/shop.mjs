/**
 * A shop's backend in Node.js: what the Rust one in ../../src/merchant does, with the same routes and settings.
 *
 * `POST /create-transfer-request` with `{"amount": 12.1, "currency": "EUR"}` answers what a page's `watchTransfer` takes,
 * with `url`, the service's address, and `qr`, the text of the code. Whoever holds an order's signature may read the order
 * (`GET /orders/{id}`) and get a fresh signature within the hour (`POST /orders/{id}/signature`).
 *
 * The secrets stay in this process. What leaves it is a signature that opens one transfer, for a while.
 */
import { createServer } from "node:http";

import { mint, Secret, SignatureError, verify } from "@transfer-status/client/server";
import { formatQr } from "@transfer-status/client/qr";

import { bank } from "./bank.mjs";
import { Orders, readOrder } from "./orders.mjs";
import { pages } from "./pages.mjs";

/** Most bytes of a request's body. An order is small. */
const MAX_BODY = 4 * 1024;

const env = (name, otherwise) => process.env[name] || otherwise;
const settings = {
  subscribe: new Secret(env("SUBSCRIBE_HMAC_SECRET", process.env.HMAC_SECRET)),
  service: env("TRANSFER_STATUS_URL", "http://127.0.0.1:8787"),
  merchantId: env("MERCHANT_ID", "merchant-1"),
  validFor: Number(env("SIGNATURE_TTL_SECONDS", "900")),
  origins: env("ALLOWED_ORIGINS", "").split(",").filter(Boolean),
  hasBank: env("DEMO_BANK") === "on",
};
const orders = new Orders();
const makeRequest = (transferId) =>
  mint(settings.subscribe, { transferId, merchantId: settings.merchantId, validFor: settings.validFor });

/** A refusal, answered in the service's own form. */
class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}
const notFound = () => new Refusal(404, "not_found", "there is nothing here; POST to /create-transfer-request");
const noOrder = () => new Refusal(404, "not_found", "this order is over or was never made; start a new one");

const readBody = async (request) => {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Refusal(413, "too_large", "the body is over 4 KiB; an order is smaller");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new Refusal(400, "bad_request", 'the body is not an order; send JSON like {"amount":12.10,"currency":"EUR"}');
  }
};

/** The order, if the request shows this shop's signature for it. It may have expired: it says who asks. */
const proved = async (request, id) => {
  const order = orders.get(id);
  if (!order) throw noOrder();
  const signature = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
  try {
    await verify(settings.subscribe, signature, id);
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    if (error.code !== "expired") {
      throw new Refusal(401, "unauthorized", "this needs the order's signature; send it as Authorization: Bearer");
    }
  }
  return order;
};

const routes = {
  "GET /healthz": async () => "ok",
  "POST /create-transfer-request": async (request) => {
    if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) {
      throw new Refusal(400, "bad_request", "the body is not an order; send JSON, with its content type");
    }
    const order = readOrder(await readBody(request), (why) => new Refusal(400, "bad_request", why));
    const transferId = orders.add(order);
    const created = await makeRequest(transferId);
    const qr = formatQr({ page, transferId, signature: created.signature });
    return { ...created, url: settings.service, qr };
  },
  "GET /orders/:id": async (request, id) => ({
    merchant: settings.merchantId,
    url: settings.service,
    ...(await proved(request, id)),
  }),
  "POST /orders/:id/signature": async (request, id) => {
    await proved(request, id);
    return makeRequest(id);
  },
  ...(settings.hasBank &&
    bank({ ...settings, secret: new Secret(process.env.HMAC_SECRET), orders, readBody, noOrder })),
};
const patterns = Object.entries(routes).map(([route, handle]) => ({
  handle,
  pattern: new RegExp(`^${route.replace(":id", "([\\w.~:-]{1,128})")}$`),
}));

const answer = async (request) => {
  const { pathname } = new URL(request.url, "http://shop");
  for (const { pattern, handle } of patterns) {
    const match = pattern.exec(`${request.method} ${pathname}`);
    if (match) return handle(request, match[1]);
  }
  throw notFound();
};

const sendPage = env("CHECKOUT_DIR") ? pages(env("CHECKOUT_DIR"), settings.service, settings.hasBank) : () => false;

const server = createServer(async (request, response) => {
  const { origin } = request.headers;
  // The shop's page may live on another host than its backend.
  if (origin && settings.origins.includes(origin)) {
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("vary", "origin");
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-methods", "GET, POST");
      response.setHeader("access-control-allow-headers", "authorization, content-type");
      return response.writeHead(204).end();
    }
  }
  if (await sendPage(request, response)) return;
  let [status, body] = [200, undefined];
  try {
    body = await answer(request);
  } catch (error) {
    status = error.status ?? 500;
    // What is wrong within is for the log alone, and no secret is in it.
    if (status === 500) console.error(error);
    body = error.body ?? {
      type: "error",
      code: error.code ?? "internal",
      message: "the shop could not do this; tell it",
    };
    if (error instanceof Refusal) body.message = error.message;
  }
  // A signature must not stay in a cache on the way.
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
});
server.requestTimeout = 10_000;

const [, host, port] = /^(.*):(\d+)$/.exec(env("LISTEN", "127.0.0.1:8788")) ?? [];
let page = env("PAGE_URL");
server.listen(Number(port), host, () => {
  const address = `http://${host}:${server.address().port}`;
  page ??= address;
  console.log(`listening on ${address}`);
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    server.close();
    server.closeIdleConnections();
    // A client that does not end its request does not keep the process.
    setTimeout(() => process.exit(), 5_000).unref();
  });
}
