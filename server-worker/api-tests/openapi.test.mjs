// Every answer that openapi.yaml describes, asked of the real server and held against its description.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { ADMIN_TOKEN, Server } from "../../sdk-wasm/npm/tests/support/server.ts";
import { Place, faultsOf, files, openapi } from "./documents.mjs";
import { HMAC_SECRET, ORIGIN, SUBSCRIBE_HMAC_SECRET, requests } from "./requests.mjs";

const METHODS = ["get", "put", "post", "delete", "patch"];
/** A fault of ours cannot be ordered, and a socket is opened elsewhere. */
const NOT_ASKED_FOR = ["500", "101"];
/** More wrong proofs than an address may show in two minutes. */
const TOO_MANY = 130;

const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => method in item).map((method) => ({
    name: `${method.toUpperCase()} ${path}`,
    place: new Place("openapi", ["paths", path, method]),
  })),
);
const known = requests(ADMIN_TOKEN);
let server, unconfigured;

before(async () => {
  const legacy = { LEGACY_API: "on", LEGACY_OPEN_SCAN: "on" };
  const env = { HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, ALLOWED_ORIGINS: ORIGIN, ...legacy };
  [server, unconfigured] = await Promise.all([Server.start(env), Server.start({ HMAC_SECRET: "" })]);
});
after(() => Promise.all([server?.stop(), unconfigured?.stop()]));

async function ask({ url }, { method, path, headers, body }, more = {}) {
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await fetch(url + path, {
    method,
    headers: { ...type, ...headers, ...more },
    body,
    redirect: "manual",
  });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

/** The answer to be had for this status. */
async function provoke(name, status) {
  const asked = known[name];
  const [first] = Object.values(asked).at(0).slice(-1);
  switch (status) {
    case "503":
      return ask(unconfigured, first);
    case "403":
      return ask(server, first, { origin: "https://elsewhere.example" });
    case "429":
      for (let attempt = 0; attempt < TOO_MANY; attempt += 1) {
        const answer = await ask(server, asked[401].at(-1), { "cf-connecting-ip": "203.0.113.7" });
        if (answer.status === 429) return answer;
      }
      return assert.fail("no number of wrong proofs is too many");
    default: {
      assert.ok(asked[status], `no request of this test leads to ${status}`);
      let answer;
      for (const request of asked[status]) answer = await ask(server, request);
      return answer;
    }
  }
}

test("the document is OpenAPI", async () => {
  const outcome = await new Validator().validate(files.openapi);
  assert.deepEqual(outcome.errors ?? [], []);
  assert.ok(outcome.valid);
});

for (const { name, place } of operations) {
  test(`${name} answers as described`, async () => {
    for (const status of Object.keys(place.value.responses).filter((status) => !NOT_ASKED_FOR.includes(status))) {
      const answer = await provoke(name, status);
      assert.equal(String(answer.status), status, answer.body);
      assert.deepEqual(faultsOf(place, answer), [], `${status} ${answer.body}`);
    }
  });
}

test("every request that this test knows is described", () => {
  const described = operations.map(({ name, place }) => [name, Object.keys(place.value.responses)]);
  for (const [name, asked] of Object.entries(known)) {
    const [, statuses] = described.find(([other]) => other === name) ?? assert.fail(`${name} is not described`);
    for (const status of Object.keys(asked)) assert.ok(statuses.includes(status), `${name} ${status}`);
  }
});

test("the bodies that are sent are as described, and so are the examples", () => {
  for (const { name, place } of operations) {
    const json = place.at("requestBody", "content", "application/json");
    if (json.value === undefined) continue;
    const [first] = Object.values(known[name]).at(0).slice(-1);
    assert.deepEqual(json.at("schema").faults(JSON.parse(first.body)), [], name);
    if (json.value.example) assert.deepEqual(json.at("schema").faults(json.value.example), [], name);
  }
  for (const [name, schema] of Object.entries(openapi.components.schemas)) {
    for (const example of schema.examples ?? []) {
      assert.deepEqual(new Place("openapi", ["components", "schemas", name]).faults(example), [], name);
    }
  }
});

test("no path takes a method that is not described", async () => {
  for (const [path, item] of Object.entries(openapi.paths)) {
    const answer = await ask(server, { method: "PATCH", path: path.replace("{transferId}", "order-1"), headers: {} });
    assert.equal(answer.status, 405, path);
    assert.deepEqual(new Place("openapi", ["components", "schemas", "Error"]).faults(JSON.parse(answer.body)), []);
    const allowed = answer.headers
      .get("allow")
      .split(", ")
      .filter((method) => !["HEAD", "OPTIONS"].includes(method));
    const described = METHODS.filter((method) => method in item).map((method) => method.toUpperCase());
    assert.deepEqual(allowed.sort(), described.sort(), path);
  }
});
