/** The hook and the element in a small DOM; real browsers come on top. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { GlobalRegistrator } from "@happy-dom/global-registrator";
import { WebSocket } from "ws";

import { breath } from "./support/host.ts";
import { TestServer, signature, status } from "./support/server.ts";

GlobalRegistrator.register({ url: "http://127.0.0.1/" });
// Node's own socket does not work with the events of another DOM; this one does with any.
Object.assign(globalThis, { WebSocket });

const { Activity, createElement: h, StrictMode, useState } = await import("react");
const { createRoot } = await import("react-dom/client");
const { renderToString } = await import("react-dom/server");
const dist = (name: string) => import(new URL(`../../dist/${name}.js`, import.meta.url).href);
const { useTransferStatus } = (await dist("react")) as typeof import("../../src/react.ts");
const { TransferStatusElement } = (await dist("element")) as typeof import("../../src/element.ts");

let server: TestServer;
let clean: (() => void)[] = [];
before(async () => {
  server = await TestServer.start();
});
afterEach(async () => {
  clean.splice(0).forEach((undo) => undo());
  await server.until(() => server.open.length == 0);
  server.upgrades.length = 0;
  server.onSocket = (socket) => socket.send(status());
});
after(() => server.stop());

const shows = async (element: Element, text: RegExp) => {
  while (!text.test(element.textContent!)) await breath();
};

let retry: () => void;

const Payment = ({ id = "transfer-123", text = signature as string | undefined }) => {
  const state = useTransferStatus({ url: server.url, transferId: id, signature: text! });
  const { transfer, connection, error } = state;
  retry = state.retry;
  return h("p", null, error ? `error ${error.code}` : `${transfer?.status} ${transfer?.version} ${connection}`);
};

const mount = (node: unknown) => {
  const place = document.createElement("div");
  document.body.append(place);
  const root = createRoot(place);
  root.render(node as never);
  clean.push(() => root.unmount());
  return { place, root };
};

test("the hook renders on a server without a socket", { timeout: 60_000 }, async () => {
  assert.equal(renderToString(h(Payment)), "<p>undefined undefined connecting</p>");
  await breath(50);
  assert.equal(server.upgrades.length, 0);
});

test("Strict Mode mounts twice and opens one socket", { timeout: 60_000 }, async () => {
  const { place, root } = mount(h(StrictMode, null, h(Payment)));
  await shows(place, /pending 1 live/);
  server.send(status({ status: "processing", version: 2 }));
  await shows(place, /processing 2 live/);
  assert.equal(server.upgrades.length, 1);
  root.unmount();
  await server.until(() => server.open.length == 0);
});

test("another transfer begins a new watch, the same one in a new render does not", { timeout: 60_000 }, async () => {
  server.onSocket = (socket, { url }) => socket.send(status({ id: url!.split("/").pop()! }));
  let set!: (id: string) => void;
  // biome-ignore lint/correctness/noComponentHookFactories: each test has a component of its own
  const App = () => {
    const [id, change] = useState("transfer-1");
    set = change;
    return h(Payment, { id });
  };
  const { place } = mount(h(App));
  await shows(place, /pending/);
  set("transfer-1");
  await breath(20);
  assert.equal(server.upgrades.length, 1);
  set("transfer-2");
  await server.until(() => server.upgrades.length == 2);
  await shows(place, /pending/);
  while (server.open.length > 1) await breath();
});

test("an error reaches the component", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.close(4401);
  const { place } = mount(h(Payment));
  await shows(place, /error unauthorized/);
});

test("options that are half loaded are an error, not the end of the page", { timeout: 60_000 }, async () => {
  let give!: (text: string) => void;
  // biome-ignore lint/correctness/noComponentHookFactories: each test has a component of its own
  const App = () => {
    const [text, set] = useState<string>();
    give = set;
    return h("div", null, h(Payment, { key: "payment", text: text ?? "" }), h("b", { key: "rest" }, "the rest"));
  };
  const { place } = mount(h(App));
  await shows(place, /error failed/);
  assert.match(place.textContent!, /the rest/);
  give(signature);
  await shows(place, /pending 1 live/);
});

const inActivity = (mode: "visible" | "hidden") => h(Activity, { mode, children: h(Payment) });

test("a component that is shown again begins anew, without the error from before", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.close(4401);
  const { place, root } = mount(inActivity("visible"));
  await shows(place, /error unauthorized/);
  root.render(inActivity("hidden") as never);
  while (!place.innerHTML.includes("display: none")) await breath();
  await breath();
  server.onSocket = (socket) => socket.send(status());
  root.render(inActivity("visible") as never);
  await shows(place, /pending 1 live/);
});

test("a payment that is over is not watched again when it is shown again", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => {
    socket.send(status({ status: "completed", version: 2 }));
    socket.close(1000);
  };
  const { place, root } = mount(inActivity("visible"));
  await shows(place, /completed 2 closed/);
  root.render(inActivity("hidden") as never);
  while (!place.innerHTML.includes("display: none")) await breath();
  await breath();
  root.render(inActivity("visible") as never);
  while (place.innerHTML.includes("display: none")) await breath();
  retry();
  await breath(20);
  assert.match(place.textContent!, /completed 2 closed/);
  assert.equal(server.upgrades.length, 1);
});

test("retry watches again after an error", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => socket.close(4401);
  const { place } = mount(h(Payment));
  await shows(place, /error unauthorized/);
  server.onSocket = (socket) => socket.send(status());
  retry();
  await shows(place, /pending 1 live/);
  assert.equal(server.upgrades.length, 2);
});

const place = (attributes: Record<string, string>, content = "") => {
  const element = document.createElement("transfer-status") as InstanceType<typeof TransferStatusElement>;
  element.innerHTML = content;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  document.body.append(element);
  clean.push(() => element.remove());
  return element;
};
const slot = (element: Element) => element.shadowRoot?.querySelector("slot")?.name;

test("the element shows the slot that fits, and says so on itself", { timeout: 60_000 }, async () => {
  const element = place({ url: server.url, "transfer-id": "transfer-123", signature }, '<b slot="pending">Wait</b>');
  const events: unknown[] = [];
  element.addEventListener("status", (event) => events.push((event as CustomEvent).detail.version));
  await breath(0);
  assert.equal(slot(element), "waiting");
  while (element.getAttribute("status") != "pending") await breath();
  server.send(status({ status: "completed", version: 2, message: "Thank you" }));
  while (slot(element) != "completed") await breath();
  assert.match(element.shadowRoot!.textContent!, /completed Thank you/);
  assert.equal(element.shadowRoot!.firstElementChild!.getAttribute("aria-live"), "polite");
  assert.deepEqual(events, [1, 2]);
  assert.equal(server.upgrades.length, 1, "attributes set one by one make one watch");
});

test("the element reads a QR payload, and an error has its own slot", { timeout: 60_000 }, async () => {
  server.onSocket = (socket) => {
    socket.send('{"type":"error","code":"unauthorized","message":"the signature is wrong"}');
    socket.close(4401);
  };
  const element = place({ url: server.url, qr: `https://pay.example/t/transfer-123#s=${signature}` });
  while (element.getAttribute("status") != "error") await breath();
  assert.match(element.shadowRoot!.textContent!, /the signature is wrong/);
  assert.equal(element.shadowRoot!.firstElementChild!.getAttribute("aria-live"), "assertive");
});

const complete = () => ({ url: server.url, "transfer-id": "transfer-123", signature });
const until = async (element: Element, state: string) => {
  while (element.getAttribute("status") != state) await breath();
};

test("an element that is taken out closes its socket, one that is moved keeps its own", {
  timeout: 60_000,
}, async () => {
  const element = place(complete());
  await until(element, "pending");
  const statuses: (string | null)[] = [];
  element.addEventListener("connection", () => statuses.push(element.getAttribute("connection")));
  const elsewhere = document.createElement("div");
  document.body.append(elsewhere);
  elsewhere.append(element);
  await breath(20);
  assert.deepEqual([slot(element), statuses, server.upgrades.length], ["pending", [], 1]);
  element.remove();
  await server.until(() => server.open.length == 0);
});

test("an attribute that is set to what it is begins nothing", { timeout: 60_000 }, async () => {
  const element = place(complete());
  await until(element, "pending");
  for (const [name, value] of Object.entries(complete())) element.setAttribute(name, value);
  await breath(20);
  assert.deepEqual([slot(element), server.upgrades.length], ["pending", 1]);
  element.setAttribute("signature", `${signature}x`);
  while (server.upgrades.length != 2) await breath();
  await until(element, "pending");
});

test("attributes that cannot be watched are an error of the element", { timeout: 60_000 }, async () => {
  const element = place({ url: server.url, qr: "nonsense" }, '<b slot="error">Please reload</b>');
  const errors: unknown[] = [];
  element.addEventListener("error", ({ detail }) => errors.push([detail.name, detail.code]));
  await until(element, "error");
  assert.deepEqual([slot(element), element.getAttribute("connection")], ["error", "closed"]);
  assert.deepEqual(errors, [["TransferStatusError", "failed"]]);
  element.setAttribute("qr", `https://pay.example/t/transfer-123#s=${signature}`);
  await until(element, "pending");
});

test("getSignature is a property that frameworks find, and a new function at each render is no new watch", {
  timeout: 60_000,
}, async () => {
  let asked: string[] = [];
  const render = (name: string) =>
    h("transfer-status", {
      url: server.url,
      "transfer-id": "transfer-123",
      getSignature: () => {
        asked.push(name);
        return signature;
      },
      onstatus: (event: CustomEvent) => (asked = [...asked, event.detail.status]),
    });
  const { place, root } = mount(render("first"));
  while (!place.firstElementChild) await breath();
  const element = place.firstElementChild as InstanceType<typeof TransferStatusElement>;
  await until(element, "pending");
  assert.deepEqual(asked, ["first", "pending"]);
  root.render(render("second") as never);
  await breath(20);
  assert.equal(server.upgrades.length, 1);
  server.onSocket = (socket) => socket.send(status({ status: "processing", version: 2 }));
  server.open[0]!.close(4410);
  await until(element, "processing");
  assert.deepEqual(asked, ["first", "pending", "second", "processing"]);
});

test("an element waits while it has neither a signature nor a way to get one", { timeout: 60_000 }, async () => {
  const element = place({ url: server.url, "transfer-id": "transfer-123" });
  await until(element, "waiting");
  await breath(20);
  assert.equal(server.upgrades.length, 0);
  element.getSignature = () => signature;
  await until(element, "pending");
});
