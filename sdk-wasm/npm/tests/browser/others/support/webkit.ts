/** WebKitGTK's MiniBrowser by its WebDriver, on a display of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "../../support/browser.ts";
import type { Driven, Tab } from "./driven.ts";

const LIBRARIES = ["/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/libexec"];

/** MiniBrowser comes with the driver, below the folder of one version of the library. */
const miniBrowser = (): string => {
  for (const folder of LIBRARIES) {
    let entries: string[] = [];
    try {
      entries = readdirSync(folder).filter((name) => name.startsWith("webkit2gtk-") || name.startsWith("webkitgtk-"));
    } catch {
      continue;
    }
    for (const entry of entries.sort())
      if (readdirSync(join(folder, entry)).includes("MiniBrowser")) return join(folder, entry, "MiniBrowser");
  }
  throw new Error("there is no MiniBrowser beside WebKitWebDriver: run `cargo xtask setup`");
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

class WebKitTab implements Tab {
  readonly #browser: WebKit;
  readonly #handle: string;

  constructor(browser: WebKit, handle: string) {
    this.#browser = browser;
    this.#handle = handle;
  }

  async goto(url: string): Promise<void> {
    await this.#browser.in(this.#handle, "POST", "url", { url });
  }

  async back(): Promise<void> {
    await this.#browser.in(this.#handle, "POST", "back", {});
  }

  /** The driver turns to the tab; MiniBrowser may leave another one in front. */
  async toFront(): Promise<void> {
    await this.#browser.in(this.#handle, "GET", "url");
  }

  evaluate(expression: string): Promise<unknown> {
    return this.#browser.in(this.#handle, "POST", "execute/sync", { script: `return (${expression})`, args: [] });
  }

  async close(): Promise<void> {
    await this.#browser.in(this.#handle, "DELETE", "window");
  }
}

export class WebKit implements Driven {
  readonly version: string;
  readonly #processes: ChildProcess[];
  readonly #session: string;
  readonly #home: string;
  /** The tab that the browser began with, and keeps. */
  readonly #first: string;
  /** One command at a time: which tab they mean is a state of the driver. */
  #turn: Promise<unknown> = Promise.resolve();
  #current = "";

  private constructor(processes: ChildProcess[], session: string, version: string, home: string, first: string) {
    this.#processes = processes;
    this.#session = session;
    this.version = version;
    this.#home = home;
    this.#first = first;
  }

  /** Starts the driver that `WEBKIT_DRIVER` names. */
  static async start(): Promise<Driven> {
    const home = mkdtempSync(join(tmpdir(), "transfer-status-webkit-"));
    const display = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const processes: ChildProcess[] = [display];
    try {
      const [number] = (await once(display.stdout, "data")) as [Buffer];
      const port = await freePort();
      const driver = spawn(process.env["WEBKIT_DRIVER"]!, [`--port=${port}`, "--host=127.0.0.1"], {
        // The sandbox of the web process wants a user namespace, which a container may not give.
        env: {
          ...process.env,
          DISPLAY: `:${number.toString().trim()}`,
          HOME: home,
          XDG_RUNTIME_DIR: home,
          GDK_BACKEND: "x11",
          WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
          WEBKIT_DISABLE_COMPOSITING_MODE: "1",
          LIBGL_ALWAYS_SOFTWARE: "1",
        },
        stdio: "ignore",
        // It leads a group, with which all of its browser's processes end.
        detached: true,
      });
      processes.unshift(driver);
      const url = `http://127.0.0.1:${port}`;
      await until("WebKitWebDriver listens", () =>
        fetch(`${url}/status`).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      const options = { binary: miniBrowser(), args: ["--automation"] };
      const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": options } };
      const { sessionId, capabilities: got } = await ask(`${url}/session`, "POST", { capabilities });
      const version = `${got.browserName} ${got.browserVersion}`;
      const session = `${url}/session/${sessionId}`;
      const first = await ask(`${session}/window`, "GET");
      return new WebKit(processes, session, version, home, first);
    } catch (error) {
      end(processes);
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  async open(url: string): Promise<Tab> {
    const { handle } = await this.in(this.#first, "POST", "window/new", { type: "tab" });
    const tab = new WebKitTab(this, handle);
    await tab.goto(url);
    return tab;
  }

  /** Gives the driver a command for this tab. */
  in(handle: string, method: string, command: string, body?: object): Promise<any> {
    const done = this.#turn.then(async () => {
      if (handle != this.#current) {
        await ask(`${this.#session}/window`, "POST", { handle });
        this.#current = handle;
      }
      const answer = await ask(`${this.#session}/${command}`, method, body);
      if (command == "window") this.#current = "";
      return answer;
    });
    this.#turn = done.catch(() => {});
    return done;
  }

  async close(): Promise<void> {
    await ask(this.#session, "DELETE").catch(() => {});
    const ended = this.#processes.map((process) => process.exitCode == null && once(process, "exit"));
    end(this.#processes);
    await Promise.all(ended);
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

const ask = async (url: string, method: string, body?: object): Promise<any> => {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: any };
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${value?.error}: ${value?.message}`);
  return value;
};

const end = ([driver, ...rest]: ChildProcess[]): void => {
  try {
    if (driver?.pid) process.kill(rest.length ? -driver.pid : driver.pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
  for (const process of rest) process.kill("SIGKILL");
};
