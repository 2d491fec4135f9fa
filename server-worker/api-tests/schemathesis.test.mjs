/**
 * Schemathesis makes requests up from openapi.yaml, right ones and wrong ones, and holds each answer of the real server
 * to what the file says of it: its status, type, headers and body. `SCHEMATHESIS` names the program.
 */
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { ADMIN_TOKEN, ROOT, Server } from "../../sdk-wasm/npm/tests/support/server.ts";

const program = process.env["SCHEMATHESIS"];
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
];
/** Requests made up for each call of the API. */
const EXAMPLES = 25;

let server;
before(async () => {
  if (program) server = await Server.start({ LEGACY_API: "on", LEGACY_OPEN_SCAN: "on" });
});
after(() => server?.stop());

test("what is made up from the API's description is answered as it says", { skip: !program }, async () => {
  const words = ["run", join(ROOT, "protocol/openapi.yaml"), "--url", server.url, "--checks", CHECKS.join(",")];
  words.push("--phases", "examples,fuzzing", "--max-examples", String(EXAMPLES), "--seed", "1");
  words.push("--generation-deterministic", "--no-color", "-H", `Authorization: Bearer ${ADMIN_TOKEN}`);
  const run = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], cwd: join(ROOT, "target") });
  let said = "";
  for (const stream of [run.stdout, run.stderr]) stream.on("data", (data) => (said += data));
  const [code] = await once(run, "close");
  assert.equal(code, 0, said.slice(-20_000));
  console.log(`# ${/\d+ generated.*/.exec(said)?.[0]}`);
});
