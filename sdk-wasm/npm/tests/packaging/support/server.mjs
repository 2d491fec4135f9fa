// The real server on local workerd, and payments on it.
import { spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../../../../", import.meta.url));

const HMAC_SECRET = "update-key-of-the-packaging-tests-0123456789";
const SUBSCRIBE_HMAC_SECRET = "subscribe-key-of-the-packaging-tests-012345";

const hmac = (secret, text, encoding) => createHmac("sha256", secret).update(text).digest(encoding);
const now = () => Math.floor(Date.now() / 1000);

export class Server {
  #child;
  #folder = mkdtempSync(path.join(tmpdir(), "transfer-status-"));
  url;

  static async start() {
    const server = new Server();
    const given = process.env.TRANSFER_STATUS_XTASK;
    const [program, ...words] = given ? [given] : ["cargo", "run", "--quiet", "--package", "xtask", "--"];
    const args = ["serve", "--direct", "--port", "0", "--control", "--persist-to", server.#folder];
    server.#child = spawn(program, [...words, ...args], {
      cwd: ROOT,
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, ALLOWED_ORIGINS: "", MAX_WATCHERS: "" },
    });
    server.url = await new Promise((resolve, reject) => {
      createInterface({ input: server.#child.stdout }).on("line", (line) => {
        const found = /^listening on (\S+)$/.exec(line);
        if (found) resolve(found[1]);
      });
      server.#child.once("error", reject);
      server.#child.once("exit", () => reject(new Error("the server did not start")));
    });
    return server;
  }

  async stop() {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin.end();
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What a page gets from its shop: the options of `watchTransfer` for a new transfer. */
  request() {
    const transferRequestId = `order-${randomUUID()}`;
    const payload = JSON.stringify({ transferRequestId, merchantId: "merchant-7", expiry: now() + 900 });
    const text = Buffer.from(payload).toString("base64");
    const signature = `${text}.${hmac(SUBSCRIBE_HMAC_SECRET, text, "base64url")}`;
    return { url: this.url, transferId: transferRequestId, signature };
  }

  /** What the bank's backend does. */
  async update({ transferId }, status) {
    const body = JSON.stringify({ transferId, status, amount: 12.1 });
    const timestamp = String(now());
    const signature = hmac(HMAC_SECRET, `${timestamp}.${body}`, "hex");
    const headers = { "content-type": "application/json", "x-timestamp": timestamp, "x-signature": signature };
    const response = await fetch(`${this.url}/update`, { method: "POST", headers, body });
    if (!response.ok) throw new Error(`the update was refused: ${response.status} ${await response.text()}`);
  }

  /**
   * One payment as a watcher has to see it. `sees(text)` waits until the watcher has told `text`, which is a status
   * with its version, or how `finished` was settled.
   */
  async pay(request, sees) {
    await sees("pending 0");
    await this.update(request, "processing");
    await sees("processing 1");
    await this.update(request, "completed");
    await sees("completed 2");
    await sees("finished completed");
  }
}
