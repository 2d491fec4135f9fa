/** A program that a test runs: waits for its address, and never outlives the test. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** How long a program may take to say where it listens, in milliseconds. */
const START = 30_000;
const LISTENING = "listening on ";

export class Program {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Starts `command` with `env` beside this process's own, and waits for its address. */
  static async start(command: string, args: string[], env: Record<string, string>): Promise<Program> {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    let errors = "";
    child.stderr.on("data", (data) => (errors = (errors + data).slice(-4_000)));
    const lines = createInterface({ input: child.stdout });
    const address = new Promise<string>((resolve, reject) => {
      lines.on("line", (line) => line.startsWith(LISTENING) && resolve(line.slice(LISTENING.length)));
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`${command} ended with ${code} before it listened: ${errors}`)));
      setTimeout(() => reject(new Error(`${command} did not listen within ${START} ms: ${errors}`)), START).unref();
    });
    try {
      return new Program(child, await address);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Ends the program, by default so that it notices nothing itself. */
  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.#child.exitCode == null && this.#child.signalCode == null) {
      const ended = once(this.#child, "exit");
      this.#child.kill(signal);
      await ended;
    }
  }
}
