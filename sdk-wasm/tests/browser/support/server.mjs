// The real server on local workerd, a backend that reports to it, and signatures to watch with.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const UPDATE_SECRET = "update-secret-of-the-browser-tests-0123456789";
const SUBSCRIBE_SECRET = "subscribe-secret-of-the-browser-tests-012345";

const hmac = (secret, bytes, encoding) => createHmac("sha256", secret).update(bytes).digest(encoding);
const now = () => Math.floor(Date.now() / 1000);

/** The right to watch `transferRequestId`. */
export const sign = (transferRequestId, { expiry = now() + 900, secret = SUBSCRIBE_SECRET } = {}) => {
  const payload = JSON.stringify({ transferRequestId, merchantId: "merchant-7", expiry });
  const text = Buffer.from(payload).toString("base64");
  return `${text}.${hmac(secret, text, "base64url")}`;
};

export class Server {
  #child;
  #folder = mkdtempSync(path.join(tmpdir(), "transfer-status-"));
  #lines;
  url;

  static async start() {
    const server = new Server();
    const program = process.env.TRANSFER_STATUS_XTASK;
    const [command, ...before] = program ? [program] : ["cargo", "run", "--quiet", "--package", "xtask", "--"];
    server.#child = spawn(
      command,
      [...before, "serve", "--port", "0", "--control", "--persist-to", server.#folder],
      {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...process.env, HMAC_SECRET: UPDATE_SECRET, SUBSCRIBE_HMAC_SECRET: SUBSCRIBE_SECRET },
      },
    );
    server.#lines = createInterface({ input: server.#child.stdout })[Symbol.asyncIterator]();
    server.url = (await server.#line(/^listening on (.*)$/))[1];
    return server;
  }

  async #line(wanted) {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error("the server ended; what it said is above");
      const found = wanted.exec(value);
      if (found) return found;
    }
  }

  /** Puts a transfer's object out of memory; its watchers see their sockets break off. */
  async evict(name) {
    const command = { op: "evict", className: "TransferRoom", name, webSockets: "close" };
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const answer = JSON.parse((await this.#line(/^\{.*$/))[0]);
    if (!answer.ok) throw new Error(answer.error);
  }

  /** Reports a status, as a backend does. */
  async report(transferId, status) {
    const body = JSON.stringify({ transferId, status });
    const timestamp = now();
    await this.#post("/update", body, {
      "x-timestamp": `${timestamp}`,
      "x-signature": hmac(UPDATE_SECRET, `${timestamp}.${body}`, "hex"),
    });
  }

  async #post(to, body, headers) {
    const answer = await fetch(this.url + to, { method: "POST", body, headers });
    if (!answer.ok) throw new Error(`${to}: ${answer.status} ${await answer.text()}`);
  }

  async stop() {
    const gone = new Promise((done) => this.#child.once("exit", done));
    this.#child.stdin.end();
    await gone;
    rmSync(this.#folder, { recursive: true });
  }
}
