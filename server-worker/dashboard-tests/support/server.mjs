// The real server on local workerd, started by `cargo xtask serve`, and the updates of a backend that signs them.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
export const ADMIN_TOKEN = "dashboard-test-admin-token-0123456789";
const HMAC_SECRET = "dashboard-test-update-key-0123456789ab";
const SUBSCRIBE_HMAC_SECRET = "dashboard-test-subscribe-key-0123456789";

export class Server {
  #child;
  #folder;

  /** Starts a server with its state in a folder of its own. `env` adds to its environment. */
  static async start(env = {}) {
    const server = new Server();
    server.env = env;
    server.#folder = mkdtempSync(path.join(tmpdir(), "dashboard-"));
    await server.#spawn(0);
    return server;
  }

  /** The same server again, on its port and with its state. */
  async restart() {
    await this.#spawn(Number(new URL(this.url).port));
  }

  /** As a machine that loses power: nothing is said to anybody. */
  async kill() {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async stop() {
    this.#child.stdin.end();
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Posts a signed update; the transfer as stored. `body` may be JSON text, for exact numbers. */
  async update(body) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac("sha256", HMAC_SECRET).update(`${timestamp}.${text}`).digest("hex");
    const headers = { "content-type": "application/json", "x-timestamp": timestamp, "x-signature": signature };
    const response = await fetch(`${this.url}/update`, { method: "POST", headers, body: text });
    if (!response.ok) throw new Error(`update refused: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Opens a watcher's socket and waits for its first frame. */
  async watch(transferRequestId) {
    const expiry = Math.floor(Date.now() / 1000) + 600;
    const payload = Buffer.from(JSON.stringify({ transferRequestId, merchantId: "m", expiry })).toString("base64");
    const mac = createHmac("sha256", SUBSCRIBE_HMAC_SECRET).update(payload).digest("base64url");
    const signature = Buffer.from(`${payload}.${mac}`).toString("base64url");
    const url = `${this.url.replace("http", "ws")}/ws/${transferRequestId}`;
    const socket = new WebSocket(url, ["transfer-status.v1", `signature.${signature}`]);
    await new Promise((resolve, reject) => {
      socket.addEventListener("message", resolve, { once: true });
      socket.addEventListener("close", ({ code }) => reject(new Error(`closed with ${code}`)), { once: true });
    });
    return socket;
  }

  get #ended() {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => child.once("exit", resolve));
  }

  async #spawn(port) {
    const given = process.env.TRANSFER_STATUS_XTASK;
    const [program, ...words] = given ? [given] : ["cargo", "run", "--quiet", "--package", "xtask", "--"];
    const args = ["serve", "--port", String(port), "--persist-to", this.#folder, "--control"];
    this.#child = spawn(program, [...words, ...args], {
      cwd: ROOT,
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, ADMIN_TOKEN, ...this.env },
    });
    const log = [];
    createInterface({ input: this.#child.stderr }).on("line", (line) => log.push(line));
    this.url = await new Promise((resolve, reject) => {
      createInterface({ input: this.#child.stdout }).on("line", (line) => {
        const found = /^listening on (\S+)$/.exec(line);
        if (found) resolve(found[1]);
      });
      this.#child.once("error", reject);
      this.#child.once("exit", () => reject(new Error(`the server did not start:\n${log.join("\n")}`)));
    });
  }
}
