/**
 * Chromium over its bare DevTools protocol, for what Playwright hides: it keeps every page visible and focused, so
 * that no tab is ever in the background.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { executable, flags } from "../../support/chromium.ts";
import { until } from "./browser.ts";

type Answer = { id?: number; result?: Record<string, any>; error?: { message: string } };

export class Tab {
  readonly #browser: TabbedBrowser;
  readonly #target: string;
  readonly #session: string;

  constructor(browser: TabbedBrowser, target: string, session: string) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  /** Brings the tab to the front; the one before it is hidden from then on. */
  async toFront(): Promise<void> {
    await this.#browser.send("Target.activateTarget", { targetId: this.#target });
  }

  /** Freezes the hidden tab, or wakes it up, as the browser does to spare the battery. */
  async freeze(frozen: boolean): Promise<void> {
    await this.#browser.send("Page.setWebLifecycleState", { state: frozen ? "frozen" : "active" }, this.#session);
  }

  async close(): Promise<void> {
    await this.#browser.send("Target.closeTarget", { targetId: this.#target });
  }

  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#browser.send("Runtime.evaluate", { expression }, this.#session);
    return result.value;
  }

  /** Waits until the expression has this value. */
  async see(expression: string, value: unknown): Promise<void> {
    await until(`${expression} is ${value}`, async () => (await this.evaluate(expression)) === value);
  }
}

/** A browser with tabs that come and go from sight. */
export class TabbedBrowser {
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  private constructor(process: ChildProcess, socket: WebSocket, profile: string) {
    this.#process = process;
    this.#socket = socket;
    this.#profile = profile;
    socket.addEventListener("message", ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      this.#waiting.get(answer.id ?? 0)?.(answer);
      this.#waiting.delete(answer.id ?? 0);
    });
  }

  static async start(): Promise<TabbedBrowser> {
    const profile = mkdtempSync(join(tmpdir(), "transfer-status-chromium-"));
    const args = [...flags, "--headless", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
    const process = spawn(executable(), args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    process.stderr.on("data", (data) => (said += data));
    const address = () => /DevTools listening on (ws:\S+)/.exec(said)?.[1];
    try {
      await until("Chromium listens", () => address() != null);
      const socket = new WebSocket(address()!);
      await once(socket, "open");
      return new TabbedBrowser(process, socket, profile);
    } catch (error) {
      process.kill("SIGKILL");
      throw error;
    }
  }

  async send(method: string, params: object, sessionId?: string): Promise<Record<string, any>> {
    const id = ++this.#last;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result, error } = await answered;
    if (!result) throw new Error(`${method}: ${error?.message}`);
    return result;
  }

  /** Opens a tab in front. */
  async open(url: string): Promise<Tab> {
    const { targetId } = await this.send("Target.createTarget", { url });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    return new Tab(this, targetId as string, sessionId as string);
  }

  async close(): Promise<void> {
    const ended = once(this.#process, "exit");
    // Asked, it ends its own processes before itself, so that nobody writes to the profile any more.
    this.#socket.send(JSON.stringify({ id: ++this.#last, method: "Browser.close" }));
    const late = setTimeout(() => this.#process.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(late);
    this.#socket.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
