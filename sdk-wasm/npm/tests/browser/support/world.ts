/** All that a payment needs, started for one test file: the real server on workerd, the network, the shop. */
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { Gateway } from "./gateway.ts";
import { Program } from "./process.ts";

export const root = resolve(import.meta.dirname, "../../../../..");
const target = process.env["CARGO_TARGET_DIR"] ?? join(root, "target");

const HMAC_SECRET = "update-key-of-the-browser-tests";
const SUBSCRIBE_HMAC_SECRET = "subscribe-key-of-the-browser-tests";

/** What a shop may be told. */
export interface ShopSettings {
  /** How long a signature is valid, in seconds. */
  ttl?: number;
  /** What the shop signs with; the service's key when left out. */
  secret?: string;
  /** Serve the page of the demo bank. */
  demo?: boolean;
}

/** Fails with the command that makes it when a build is missing. */
const built = (file: string, command: string): string => {
  if (!existsSync(file)) throw new Error(`${file} is missing; run \`${command}\` first`);
  return file;
};

export class World {
  readonly gateway: Gateway;
  readonly #state = mkdtempSync(join(tmpdir(), "transfer-status-"));
  readonly #shops: Program[] = [];
  #server: Program | undefined;

  private constructor(gateway: Gateway) {
    this.gateway = gateway;
  }

  static async start(): Promise<World> {
    const world = new World(await Gateway.start());
    try {
      await world.startServer();
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  /** Starts the server, or starts it again where it was, with what it had stored. */
  async startServer(): Promise<void> {
    built(join(root, "server-worker/build/index.js"), "cargo xtask build worker");
    const script = join(root, "xtask/tools/serve.mjs");
    const config = join(root, "server-worker/wrangler.jsonc");
    const args = [script, "--config", config, "--port", "0", "--persist-to", this.#state, "--control"];
    this.#server = await Program.start(process.execPath, args, {
      HMAC_SECRET,
      SUBSCRIBE_HMAC_SECRET,
      ALLOWED_ORIGINS: "",
      MAX_WATCHERS: "",
    });
    this.gateway.target = this.#server.port;
  }

  /** Kills the server: nothing is said to anybody. */
  async killServer(): Promise<void> {
    await this.#server?.stop();
  }

  /** Starts a shop with its pages and returns its address. */
  async shop({ ttl = 900, secret = SUBSCRIBE_HMAC_SECRET, demo = false }: ShopSettings = {}): Promise<string> {
    const pages = join(root, "examples/checkout/dist");
    built(join(pages, "index.html"), "npm run build");
    const merchant = built(join(target, "debug/merchant"), "cargo build -p transfer-status-examples");
    const shop = await Program.start(merchant, [], {
      LISTEN: "127.0.0.1:0",
      SUBSCRIBE_HMAC_SECRET: secret,
      HMAC_SECRET,
      TRANSFER_STATUS_URL: this.gateway.url,
      CHECKOUT_DIR: pages,
      SIGNATURE_TTL_SECONDS: String(ttl),
      DEMO_BANK: demo ? "on" : "off",
      PAGE_URL: "",
      ALLOWED_ORIGINS: "",
      MERCHANT_ID: "corner-coffee",
    });
    this.#shops.push(shop);
    return shop.url;
  }

  /** What the bank's backend does: a signed update, past the browser's network. */
  async update(transferId: string, status: string, fields: object = {}): Promise<void> {
    const body = JSON.stringify({ transferId, status, amount: 12.1, ...fields });
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac("sha256", HMAC_SECRET).update(`${timestamp}.${body}`).digest("hex");
    const response = await fetch(`${this.#server!.url}/update`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-signature": signature, "x-timestamp": timestamp },
      body,
    });
    if (!response.ok) throw new Error(`the update was refused: ${response.status} ${await response.text()}`);
  }

  async close(): Promise<void> {
    await Promise.all([this.#server?.stop("SIGTERM"), ...this.#shops.map((shop) => shop.stop("SIGTERM"))]);
    await this.gateway.close();
    rmSync(this.#state, { recursive: true, force: true });
  }
}
