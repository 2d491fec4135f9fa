// A headless Chromium with pages of `front-end` in it, behind the adapter protocol (`../README.md`): passes lines into
// the pages and out of them, and gives hints by what a page sees. It decides nothing.
//
// usage: node adapter.mjs <the folder that wasm-bindgen has filled> <Chromium's program> [--verbose] [--page]
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const [folder, executablePath, ...flags] = process.argv.slice(2);
const { chromium } = createRequire(new URL("../../../xtask/tools/package.json", import.meta.url))("playwright-core");
const say = (line) => process.stdout.write(`${line}\n`);
const fault = (message) => say(JSON.stringify({ event: "fault", message: String(message) }));

const PAGE = `<!doctype html><title>adapter</title><link rel="icon" href="data:,"><script type="module">
  import init, { carry_out } from "./front_end.js";
  await init();
  window.carryOut = carry_out;
</script>`;

// What the events of a page are, in a page that nobody turns away from and a network that nobody unplugs.
const HINTS = {
  online: () => window.dispatchEvent(new Event("online")),
  offline: () => window.dispatchEvent(new Event("offline")),
  hidden: () => window.show(false),
  visible: () => {
    window.show(false);
    window.show(true);
  },
  networkChanged: () => {
    const type = navigator.connection.type === "wifi" ? "cellular" : "wifi";
    Object.defineProperty(navigator.connection, "type", { configurable: true, value: type });
    navigator.connection.dispatchEvent(new Event("change"));
  },
  suspend: () => document.dispatchEvent(new Event("freeze")),
  resume: () => document.dispatchEvent(new Event("resume")),
};
/** Watches on one page. Chromium slows down a process of its own that has many sockets on their way, or in vain. */
const PER_PAGE = 8;
const CAN = ["watch", "refresh", "late-signature", "notice", "problem", "qr", "allow-plain-text"];

/** Serves the page on loopback, from the folder and nothing else, and gives the port. */
async function serve() {
  const server = createServer(({ url }, answer) => {
    if (url === "/") return answer.writeHead(200, { "content-type": "text/html" }).end(PAGE);
    const name = path.basename(url);
    const type = { ".js": "text/javascript", ".wasm": "application/wasm" }[path.extname(name)];
    if (!type) return answer.writeHead(404).end();
    answer.writeHead(200, { "content-type": type }).end(readFileSync(path.join(folder, name)));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server.address().port;
}

async function launch() {
  const profile = mkdtempSync(path.join(tmpdir(), "transfer-status-adapter-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Scripted services know nothing of CORS; the real one does, and the browser tests of the SDK are about that.
      "--disable-web-security",
    ],
  });
  await context.exposeFunction("say", tell);
  await context.addInitScript(() => {
    window.show = (visible) => {
      const state = visible ? "visible" : "hidden";
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      Object.defineProperty(document, "hidden", { configurable: true, get: () => !visible });
      document.dispatchEvent(new Event("visibilitychange"));
    };
  });
  const end = () => {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    process.exit(0);
  };
  return { context, close: () => context.close().finally(end) };
}

/** The `n`th page. Each is a site of its own, so Chromium gives it a process of its own. */
async function open(n) {
  const page = await context.newPage();
  page.on("pageerror", fault);
  page.on("crash", () => fault("a page has crashed"));
  page.on("console", (message) => {
    if (/panicked|unreachable/.test(message.text())) fault(message.text());
    if (flags.includes("--verbose")) process.stderr.write(`${message.text()}\n`);
  });
  await page.goto(`http://page-${n}.localhost:${port}/`);
  await page.waitForFunction(() => window.carryOut);
  return page;
}

/** Passes a line out. Each page counts its questions from 1, so they get numbers of the process. */
function tell(line) {
  if (!line.includes('"event":"refresh"')) return say(line);
  const event = JSON.parse(line);
  say(JSON.stringify({ ...event, id: questions.push(event) }));
}

/** What to do on which page for a command. */
async function carryOut(line) {
  const command = JSON.parse(line);
  const { cmd, watch, hint, id } = command;
  if (cmd === "watch") {
    const n = Math.floor(places.size / PER_PAGE);
    pages[n] ??= await open(n);
    places.set(watch, pages[n]);
  }
  if (cmd === "hint") {
    if (!HINTS[hint]) return fault(`no hint ${hint}`);
    return places.get(watch)?.evaluate(HINTS[hint]);
  }
  if (cmd !== "signature") return (places.get(watch) ?? pages[0]).evaluate(pass, line);
  const question = questions[id - 1];
  return places.get(question?.watch)?.evaluate(pass, JSON.stringify({ ...command, id: question.id }));
}

const pass = (line) => window.carryOut(line);
const questions = [];
const places = new Map();
const port = await serve();
const { context, close } = await launch();
const pages = [await open(0)];
// A command that is cut off by the end is no fault.
let ending = false;
const end = () => {
  ending = true;
  return close();
};
// One after the other, so that commands are carried out in their order.
let before = Promise.resolve();
createInterface({ input: process.stdin })
  .on("line", (line) => {
    before = before.then(() => carryOut(line)).catch((error) => ending || fault(error));
    if (/"cmd": ?"exit"/.test(line)) end();
  })
  .on("close", end);
const hints = flags.includes("--page") ? Object.keys(HINTS).map((hint) => `hint:${hint}`) : [];
say(JSON.stringify({ event: "ready", sdk: "front-end", can: [...CAN, ...hints] }));
