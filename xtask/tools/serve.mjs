// Runs the built Worker on local workerd, nothing but workerd's own socket between a client and the Worker.
//
// node serve.mjs --config FILE --persist-to DIR [--port N] [--control] [--yardstick | --same-calls | --partyserver | --instruments]
//               [--beside BUILD --worker this|other --objects this|other]
//
// Started by `cargo xtask serve`, which builds the Worker first. What it prints on stdout is for scripts:
// `server pid N`, `dashboard at …`, then `listening on http://127.0.0.1:PORT` once the Worker answers. What the Worker logs goes to stderr.
import { spawn } from "node:child_process";
import diagnostics from "node:diagnostics_channel";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { answerCommands } from "./control.mjs";

// Set before the imports below read them: no update check, no metrics, no request for location data.
process.env.WRANGLER_SEND_METRICS = "false";
process.env.WRANGLER_HIDE_BANNER = "true";
process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
const { Miniflare, Log, LogLevel, convertV4MiniflareOptions } = await import("miniflare");
const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import("wrangler");

const HOST = "127.0.0.1";

// stdout is for scripts, so the runtime's own warnings go to stderr.
class StderrLog extends Log {
  log(message) {
    process.stderr.write(`${message}\n`);
  }
}

// For a server on this machine only; each yields to the variable of its name, and an empty one leaves it unset.
const DEVELOPMENT_DEFAULTS = {
  HMAC_SECRET: "development-update-key-0123456789abcdef",
  SUBSCRIBE_HMAC_SECRET: "development-subscribe-key-0123456789ab",
  ADMIN_TOKEN: "development-admin-token",
};

// `settings` is the list of what the Worker reads from its environment.
function bindingsFromEnvironment(settings) {
  const bindings = {};
  for (const { name } of settings) {
    const given = process.env[name];
    if (given === undefined && name in DEVELOPMENT_DEFAULTS) {
      bindings[name] = DEVELOPMENT_DEFAULTS[name];
      console.log(`${name}=${bindings[name]} (development default)`);
    } else if (given) {
      bindings[name] = given;
    }
  }
  return bindings;
}

// Every file of the build, as the Worker's modules; the entry comes first.
function modulesOf(main) {
  const root = path.dirname(main);
  const types = { ".js": "ESModule", ".mjs": "ESModule", ".wasm": "CompiledWasm" };
  const files = readdirSync(root, { recursive: true })
    .map((file) => path.join(root, file))
    .filter((file) => path.extname(file) in types && file !== main);
  return {
    modulesRoot: root,
    modules: [main, ...files].map((file) => ({
      type: types[path.extname(file)],
      path: file,
      contents: readFileSync(file),
    })),
  };
}

// A module of this folder, as if it lay in `modulesRoot`.
const moduleHere = (name, modulesRoot) => ({
  type: "ESModule",
  path: path.join(modulesRoot, name),
  contents: readFileSync(new URL(name, import.meta.url)),
});

// The same, below `folder`.
const movedTo = (folder, { modulesRoot, modules }, root) =>
  modules.map((module) => ({ ...module, path: path.join(root, folder, path.relative(modulesRoot, module.path)) }));

// two-releases.mjs in the place of the entry, which has both builds beside it.
function modulesOfTwo(main, other) {
  const own = modulesOf(main);
  const { modulesRoot } = own;
  const both = [
    ...movedTo("this", own, modulesRoot),
    ...movedTo("other", modulesOf(path.resolve(other, "index.js")), modulesRoot),
  ];
  const entry = { ...moduleHere("two-releases.mjs", modulesRoot), path: path.join(modulesRoot, "index.js") };
  return { modulesRoot, modules: [entry, ...both] };
}

// What is served, with instruments.mjs in front of it as the entry.
function withInstruments({ modulesRoot, modules }) {
  const own = ["instruments.mjs", "kv-faults.mjs"].map((name) => moduleHere(name, modulesRoot));
  return { modulesRoot, modules: [...own, ...modules] };
}

// A bare object of this folder in the server's place, behind bare-worker.mjs.
function modulesOfBare(name, main) {
  const modulesRoot = path.dirname(main);
  return { modulesRoot, modules: [name, "bare-worker.mjs"].map((file) => moduleHere(file, modulesRoot)) };
}

// partyserver-room.mjs in the Worker's place, in one module with the package.
async function modulesOfPartyserver(main) {
  const { build } = await import("esbuild");
  const name = "partyserver-room.mjs";
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "esnext",
    external: ["cloudflare:workers"],
  });
  const modulesRoot = path.dirname(main);
  const [{ contents }] = outputFiles;
  return { modulesRoot, modules: [{ type: "ESModule", path: path.join(modulesRoot, name), contents }] };
}

// Kills workerd when this process is gone without having said good-bye: SIGKILL leaves no chance to clean up.
function startWatchdog() {
  const script = 'last=; while read -r pid; do last=$pid; done; [ -z "$last" ] || kill -9 "$last" 2>/dev/null';
  const watchdog = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  watchdog.unref();
  watchdog.stdin.unref?.();
  watchdog.stdin.on("error", () => {});
  return (pid) => watchdog.stdin.write(`${pid ?? ""}\n`);
}

const { values: args } = parseArgs({
  options: {
    config: { type: "string" },
    "persist-to": { type: "string" },
    port: { type: "string", default: "8787" },
    control: { type: "boolean", default: false },
    instruments: { type: "boolean", default: false },
    yardstick: { type: "boolean", default: false },
    "same-calls": { type: "boolean", default: false },
    partyserver: { type: "boolean", default: false },
    beside: { type: "string" },
    worker: { type: "string", default: "this" },
    objects: { type: "string", default: "this" },
  },
});
const persistTo = path.resolve(args["persist-to"]);
mkdirSync(persistTo, { recursive: true });

const settings = JSON.parse(readFileSync(path.join(path.dirname(path.resolve(args.config)), "settings.json")));
const config = unstable_readConfig({ config: path.resolve(args.config) });
// The variables above stand for the secrets too; wrangler would look for them in files of its own.
delete config.secrets;
const { workerOptions, main } = unstable_getMiniflareWorkerOptions(config, undefined, { envFiles: [] });
const name = workerOptions.name ?? "transfer-status";
const logs = [];
async function modulesServed() {
  if (args.beside) return modulesOfTwo(main, args.beside);
  if (args.yardstick) return modulesOfBare("yardstick.mjs", main);
  if (args["same-calls"]) return modulesOfBare("same-calls.mjs", main);
  if (args.partyserver) return await modulesOfPartyserver(main);
  return modulesOf(main);
}
const served = await modulesServed();
const modules = args.instruments ? withInstruments(served) : served;

const releases = args.beside ? { RELEASE_OF_WORKER: args.worker, RELEASE_OF_OBJECTS: args.objects } : {};
const options = convertV4MiniflareOptions({
  host: HOST,
  port: 0,
  cf: false,
  log: new StderrLog(LogLevel.WARN),
  logRequests: false,
  resourcePersistencePath: persistTo,
  handleStructuredLogs({ level, message }) {
    logs.push({ level, message });
    process.stderr.write(`[worker ${level}] ${message}\n`);
  },
  workers: [
    {
      ...workerOptions,
      ...modules,
      name,
      bindings: { ...workerOptions.bindings, ...bindingsFromEnvironment(settings), ...releases },
      unsafeDirectSockets: [{ host: HOST, port: Number(args.port) }],
    },
  ],
});

const watch = startWatchdog();
diagnostics.subscribe("child_process", ({ process: child }) => {
  child.once("spawn", () => {
    if (!path.basename(child.spawnfile).startsWith("workerd")) return;
    watch(child.pid);
    console.log(`server pid ${child.pid}`);
  });
});

const miniflare = new Miniflare(options);
let stopping = false;
async function stop(code) {
  if (stopping) return;
  stopping = true;
  await miniflare.dispose().catch(() => {});
  watch();
  process.exit(code);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void stop(0));

try {
  await miniflare.ready;
  const url = (await miniflare.unsafeGetDirectURL(name)).origin;
  // Any answer will do, a refusal too: it shows that the Worker runs.
  await fetch(`${url}/healthz`);
  // Before the last line: scripts take that as the end of the beginning.
  console.log(`dashboard at ${url}/dashboard (sign in with ADMIN_TOKEN)`);
  console.log(`listening on ${url}`);
} catch (error) {
  console.error(`the server did not start: ${error?.message ?? error}`);
  await stop(1);
}

if (args.control) answerCommands({ miniflare, worker: name, logs, onEnd: () => void stop(0) });
