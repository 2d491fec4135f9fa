/** A program that a test runs: waits for its address, talks with it line by line, and never lets it outlive the test. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** How long a program may take to say where it listens, in milliseconds: it may have to be built before. */
const START = 600_000;
const LISTENING = "listening on ";

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

export class Program {
  readonly url: string;
  /** What it printed before its address. */
  readonly preface: readonly string[];
  readonly #child: Child;
  /** Who waits for the next line on stdout, in order. */
  readonly #waiting: ((line: string) => void)[];

  private constructor(child: Child, url: string, preface: string[], waiting: ((line: string) => void)[]) {
    this.#child = child;
    this.url = url;
    this.preface = preface;
    this.#waiting = waiting;
  }

  /** Starts `command` with `env` beside this process's own, and waits for its address. */
  static async start(command: string, args: string[], env: Record<string, string>, cwd?: string): Promise<Program> {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    let errors = "";
    child.stderr.on("data", (data) => (errors = (errors + data).slice(-4_000)));
    const waiting: ((line: string) => void)[] = [];
    const preface: string[] = [];
    let listens = false;
    const address = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (line.startsWith(LISTENING)) {
          listens = true;
          resolve(line.slice(LISTENING.length));
        } else if (listens) waiting.shift()?.(line);
        else preface.push(line);
      });
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`${command} ended with ${code} before it listened: ${errors}`)));
      setTimeout(() => reject(new Error(`${command} did not listen within ${START} ms: ${errors}`)), START).unref();
    });
    try {
      return new Program(child, await address, preface, waiting);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Writes a line to the program's stdin and gives the line that it answers. */
  async ask(line: string): Promise<string> {
    const answer = new Promise<string>((resolve, reject) => {
      this.#waiting.push(resolve);
      this.#child.once("exit", (code) => reject(new Error(`the program ended with ${code} before it answered`)));
    });
    this.#child.stdin.write(`${line}\n`);
    return answer;
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
