/** The real server on local workerd, the backend that reports to it, and signatures to watch with. */
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { Program } from "./program.ts";

/** The root of the repository. */
export const ROOT = resolve(import.meta.dirname, "../../../..");
export const ADMIN_TOKEN = "admin-token-of-the-tests-0123456789abcd";
export const HMAC_SECRET = "update-key-of-the-tests-0123456789abcdef";
export const SUBSCRIBE_HMAC_SECRET = "subscribe-key-of-the-tests-0123456789abc";

const hmac = (secret: string, text: string, encoding: "hex" | "base64url"): string =>
  createHmac("sha256", secret).update(text).digest(encoding);
const now = (): number => Math.floor(Date.now() / 1000);

/** The right to watch `transferRequestId`, as a backend mints it; `expiry` in seconds since 1970. */
export const sign = (
  transferRequestId: string,
  { expiry = now() + 900, secret = SUBSCRIBE_HMAC_SECRET, merchantId = "merchant-7" } = {},
): string => {
  const payload = Buffer.from(JSON.stringify({ transferRequestId, merchantId, expiry })).toString("base64");
  return `${payload}.${hmac(secret, payload, "base64url")}`;
};

export class Server {
  readonly #env: Record<string, string>;
  readonly #options: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), "transfer-status-"));
  #program!: Program;

  constructor(env: Record<string, string>, options: readonly string[] = []) {
    this.#env = env;
    this.#options = options;
  }

  /**
   * Starts a server with its state in a folder of its own. `env` adds to its environment, `options` to those of
   * `cargo xtask serve`.
   */
  static async start<T extends Server>(
    this: new (
      env: Record<string, string>,
      options: readonly string[],
    ) => T,
    env: Record<string, string> = {},
    ...options: string[]
  ): Promise<T> {
    const server = new this(env, options);
    try {
      await server.restart();
      return server;
    } catch (error) {
      rmSync(server.#folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Where it listens. */
  get url(): string {
    return this.#program.url;
  }

  get port(): number {
    return this.#program.port;
  }

  /** What it printed before it listened. */
  get preface(): readonly string[] {
    return this.#program.preface;
  }

  /** The same server again, on its port and with its state. */
  async restart(): Promise<void> {
    const given = process.env["TRANSFER_STATUS_XTASK"];
    const [program, ...words] = given ? [given] : ["cargo", "run", "--quiet", "--package", "xtask", "--"];
    const port = String(this.#program?.port ?? 0);
    const args = [...words, "serve", "--port", port, "--control", "--persist-to", this.#folder, ...this.#options];
    const unset = { ALLOWED_ORIGINS: "", MAX_WATCHERS: "" };
    const env = { ...unset, HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, ADMIN_TOKEN, ...this.#env };
    this.#program = await Program.start(program!, args, env, ROOT);
  }

  /** As a machine that loses power: nothing is said to anybody. */
  kill(): Promise<void> {
    return this.#program.stop("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#program.stop("SIGTERM");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Puts a transfer's object out of memory; its watchers see their sockets break off. */
  async evict(name: string): Promise<void> {
    const command = { op: "evict", className: "TransferRoom", name, webSockets: "close" };
    const answer = JSON.parse(await this.#program.ask(JSON.stringify(command))) as { ok: boolean; error?: string };
    if (!answer.ok) throw new Error(answer.error);
  }

  /** Makes parts of its platform fail, in the words of `xtask/tools/instruments.mjs`; with the option `--instruments`. */
  async faults(faults: object): Promise<void> {
    const response = await fetch(`${this.url}/-/instruments`, { method: "POST", body: JSON.stringify(faults) });
    if (!response.ok) throw new Error(`the server has no instruments: ${response.status}`);
  }

  /** Posts a signed update; the transfer as stored. `body` may be JSON text, for exact numbers. */
  async update(body: string | object): Promise<Record<string, any>> {
    const text = typeof body == "string" ? body : JSON.stringify(body);
    const timestamp = String(now());
    const signature = hmac(HMAC_SECRET, `${timestamp}.${text}`, "hex");
    const headers = { "content-type": "application/json", "x-timestamp": timestamp, "x-signature": signature };
    const response = await fetch(`${this.url}/update`, { method: "POST", headers, body: text });
    if (!response.ok) throw new Error(`the update was refused: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, any>;
  }

  /** The same with the status first, as most stories tell it. */
  report(transferId: string, status: string, fields: object = {}): Promise<Record<string, any>> {
    return this.update({ transferId, status, ...fields });
  }

  /** Opens a watcher's socket and waits for its first frame. */
  async watch(transferId: string): Promise<WebSocket> {
    const signature = Buffer.from(sign(transferId)).toString("base64url");
    const url = `${this.url.replace("http", "ws")}/ws/${transferId}`;
    const socket = new WebSocket(url, ["transfer-status.v1", `signature.${signature}`]);
    await new Promise((resolve, reject) => {
      socket.addEventListener("message", resolve, { once: true });
      socket.addEventListener("close", ({ code }) => reject(new Error(`closed with ${code}`)), { once: true });
    });
    return socket;
  }
}
