// Headless Chromium, and a page in it that has loaded the test app.
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

import { launch } from "../../../npm/tests/support/chromium.ts";

/** Longer than anything takes here; only a failing test waits for it. */
const PATIENCE = 20_000;

const PAGE = `<!doctype html><title>watch</title><script type="module">
  import * as app from "./browser.js";
  await app.default();
  window.lines = [];
  window.tell = (line) => window.lines.push(line);
  window.app = app;
</script>`;

const WORKER = `
  import * as app from "./browser.js";
  await app.default();
  onmessage = ({ data }) => app.watch(...data, postMessage);
  postMessage("ready");
`;

export class Browser {
  #browser;
  #files;

  static async start() {
    const folder = process.env.TRANSFER_STATUS_BROWSER_APP;
    if (!folder || !existsSync(path.join(folder, "browser.js"))) {
      throw new Error(
        "TRANSFER_STATUS_BROWSER_APP must name the folder that wasm-bindgen has put the example `browser` into",
      );
    }
    const browser = new Browser();
    browser.#files = createServer(({ url }, answer) => {
      const name = url.slice(1);
      if (name == "" || name == "elsewhere")
        return answer.writeHead(200, { "content-type": "text/html" }).end(name ? "elsewhere" : PAGE);
      if (name == "worker.js") return answer.writeHead(200, { "content-type": "text/javascript" }).end(WORKER);
      const file = path.join(folder, path.basename(name));
      if (!existsSync(file)) return answer.writeHead(404).end();
      const type = file.endsWith(".wasm") ? "application/wasm" : "text/javascript";
      answer.writeHead(200, { "content-type": type }).end(readFileSync(file));
    });
    browser.#files.listen(0, "127.0.0.1");
    await once(browser.#files, "listening");
    // Playwright turns it off; a page that is kept and comes back is what one of the tests is about.
    browser.#browser = await launch({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });
    return browser;
  }

  get origin() {
    return `http://127.0.0.1:${this.#files.address().port}`;
  }

  /** A fresh page with the app; `before` runs in it ahead of all else. */
  async open(before) {
    const page = await this.#browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    if (before) await page.addInitScript(before);
    return Page.load(page, this.origin);
  }

  async stop() {
    await this.#browser.close();
    this.#files.closeAllConnections();
    this.#files.close();
  }
}

class Page {
  /** Playwright's own. */
  page;
  /** What went wrong in the page: a panic of the module among it. */
  errors = [];
  #origin;

  static async load(page, origin) {
    const self = new Page();
    self.page = page;
    self.#origin = origin;
    page.on("pageerror", (error) => self.errors.push(`${error}`));
    page.on("crash", () => self.errors.push("the page crashed"));
    page.on("console", (message) => {
      if (/panicked|unreachable/.test(message.text())) self.errors.push(message.text());
    });
    await page.goto(`${origin}/`);
    await page.waitForFunction(() => window.app);
    return self;
  }

  /** Starts a watch; its `Watching` is `watching` in the page. */
  async watch(url, id, signature) {
    await this.page.evaluate(
      ([url, id, signature]) => {
        window.watching = window.app.watch(url, id, signature, window.tell);
      },
      [url, id, signature],
    );
  }

  /** Starts a watch that asks for signatures: it gets `signatures` one by one, and `null` when there is none left. */
  async watchWith(url, id, signatures) {
    await this.page.evaluate(
      ([url, id, signatures]) => {
        const source = async () => signatures.shift() ?? null;
        window.watching = window.app.watch_with(url, id, source, window.tell);
      },
      [url, id, signatures],
    );
  }

  /** Waits for a line that was not waited for yet, and gives all up to it. */
  async until(wanted) {
    try {
      await this.page.waitForFunction((wanted) => window.lines.includes(wanted), wanted);
    } catch (error) {
      throw new Error(`no line "${wanted}" among ${JSON.stringify(await this.lines())}`, { cause: error });
    }
    return this.page.evaluate((wanted) => window.lines.splice(0, window.lines.indexOf(wanted) + 1), wanted);
  }

  /** The next line, whatever it is. */
  async next() {
    await this.page.waitForFunction(() => window.lines.length);
    return this.page.evaluate(() => window.lines.shift());
  }

  lines() {
    return this.page.evaluate(() => [...window.lines]);
  }

  async leave() {
    await this.page.goto(`${this.#origin}/elsewhere`);
  }

  async comeBack() {
    // A page that is kept is not loaded again.
    await this.page.goBack({ waitUntil: "commit" });
  }
}
