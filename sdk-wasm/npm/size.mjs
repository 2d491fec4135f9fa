/**
 * What each entry costs a page: bundled, minified and gzipped (level 9), beside other clients in the same run. Fails
 * when an entry is over its limit.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** What a page imports, what stays outside, and the limit in gzipped bytes. */
const rows = [
  ["@transfer-status/client", `export { watchTransfer } from "./dist/index.js"`, 8_720],
  ["  /slim (script)", `export { watchTransfer } from "./dist/slim.js"`, 4_816],
  ["  /react (with the client)", `export { useTransferStatus } from "./dist/react.js"`],
  ["  /element (with the client)", `import "./dist/element.js"`],
  ["  /qr (alone)", `export { formatQr, parseQr, reportScan } from "./dist/qr.js"`],
  ["  /server (mint, verify, sign, publish)", `export { mint, verify, sign, publish } from "./dist/server.js"`, 3_120],
  ["partysocket", `export { WebSocket } from "partysocket"`],
  ["pusher-js", `export { default } from "pusher-js"`],
  ["centrifuge", `export { Centrifuge } from "centrifuge"`],
  ["ably", `export { Realtime } from "ably"`],
];
/** Files that are loaded as they are. */
const files = [
  ["  /slim (session.wasm)", "session.wasm"],
  ["  translated session, where wasm is refused", "fallback.js"],
  ["  /cdn", "cdn.js"],
];

if (!existsSync(join(here, "dist/index.js"))) throw new Error("dist/ is missing; run `npm run build` first");

/** What an entry adds to a page that has the client anyway. */
const beside = [["  /checkout (beside the client)", `import "./dist/checkout.js"`, 10_976]];

/** Clients that are compared in the figures; /slim loads its session beside the script. */
const COMPARED = ["@transfer-status/client", "  /slim (script)", "partysocket", "pusher-js", "centrifuge", "ably"];
const json = process.argv.includes("--json");

const tell = (name, bytes) => {
  if (!COMPARED.includes(name)) return true;
  const slim = name.includes("/slim");
  const parts = slim ? [bytes, readFileSync(join(here, "dist/session.wasm"))] : [bytes];
  const sum = (pack) => parts.reduce((total, part) => total + pack(part).length, 0);
  const of = slim ? "@transfer-status/client/slim" : name;
  const value = sum((part) => gzipSync(part, { level: 9 }));
  const note = `brotli ${sum((part) => brotliCompressSync(part))} B`;
  console.log(JSON.stringify({ what: "A client in a page, minified and gzipped", of, value, unit: "B", note }));
  return true;
};

const print = (name, bytes, limit) => {
  const gzip = gzipSync(bytes, { level: 9 }).length;
  const columns = [bytes.length, gzip, brotliCompressSync(bytes).length].map((n) => String(n).padStart(9)).join("");
  console.log(`${name.padEnd(44)}${columns}${limit ? `   limit ${limit}` : ""}`);
  return !limit || gzip <= limit;
};

if (!json) console.log("".padEnd(44) + ["raw", "gzip", "brotli"].map((head) => head.padStart(9)).join(""));
let ok = true;
for (const [name, contents, limit] of [...rows, ...beside]) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: here },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    charset: "utf8",
    external: ["*/fallback.js", "react", ...(beside.some(([row]) => row == name) ? ["*/index.js"] : [])],
  });
  ok = (json ? tell : print)(name, outputFiles[0].contents, limit) && ok;
}
for (const [name, file] of json ? [] : files) print(name, readFileSync(join(here, "dist", file)));
if (!ok) {
  console.error("an entry is over its limit");
  process.exitCode = 1;
}
