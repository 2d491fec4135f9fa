// Takes the archive out of KV into a file, and puts it back, by wrangler.
//
//   node tools/archive.mjs export archive.jsonl --env production --remote
//   node tools/archive.mjs import archive.jsonl --env production --remote
//
// What comes after the file is for wrangler: --env, --remote or --local, --persist-to. The file holds a line a transfer, in
// the form of `wrangler kv bulk put`: {"key":"t/<id>","value":"…","metadata":{…},"expiration":<Unix seconds>}. Both may be
// run again: an export begins anew, an import puts the same once more. What has outlived its time meanwhile is left out.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

/** Keys that KV gives in one call, and pairs that it takes. */
const MOST_READ = 100;
const MOST_WRITTEN = 5_000;
/** KV keeps nothing for less than a minute. */
const LEAST_SECONDS = 60;

const [command, file, ...options] = process.argv.slice(2);
const folder = mkdtempSync(path.join(tmpdir(), "transfer-status-archive-"));

function wrangler(...args) {
  const output = execFileSync("wrangler", ["kv", ...args, "--binding", "HISTORY", ...options], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // What it says of where it looks comes before the answer.
  const begin = output.search(/^[[{]/m);
  return begin < 0 ? null : JSON.parse(output.slice(begin));
}

/** `items` in a file for wrangler, which takes them from there. */
function inFile(items) {
  const name = path.join(folder, "items.json");
  writeFileSync(name, JSON.stringify(items), { mode: 0o600 });
  return name;
}

function* parts(items, most) {
  for (let begin = 0; begin < items.length; begin += most) yield items.slice(begin, begin + most);
}

function exportTo() {
  const keys = wrangler("key", "list", "--prefix", "t/") ?? [];
  let count = 0;
  writeFileSync(file, "", { mode: 0o600 });
  for (const part of parts(keys, MOST_READ)) {
    const found = wrangler("bulk", "get", inFile(part.map(({ name }) => name)));
    for (const { name, metadata, expiration } of part) {
      // One that was deleted, or has ended, since it was listed.
      if (typeof found[name]?.value !== "string") continue;
      appendFileSync(file, `${JSON.stringify({ key: name, value: found[name].value, metadata, expiration })}\n`);
      count += 1;
    }
  }
  console.log(`${count} transfers are in ${file}`);
}

function importFrom() {
  const soon = Date.now() / 1_000 + LEAST_SECONDS;
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  const pairs = lines.map((line, number) => {
    const pair = JSON.parse(line);
    if (!/^t\//.test(pair.key) || typeof pair.value !== "string") {
      throw new Error(`line ${number + 1} of ${file} is no transfer of an export`);
    }
    return pair;
  });
  const living = pairs.filter(({ expiration }) => expiration === undefined || expiration > soon);
  for (const part of parts(living, MOST_WRITTEN)) wrangler("bulk", "put", inFile(part));
  console.log(`${living.length} transfers are back, ${pairs.length - living.length} have outlived their time`);
}

try {
  if (command === "export" && file) exportTo();
  else if (command === "import" && file) importFrom();
  else
    throw new Error(
      "say what to do: export FILE or import FILE, and what wrangler is to know (--env production --remote)",
    );
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
