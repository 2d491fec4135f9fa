/** All that a payment needs, started for one test file: the real server on workerd, the network, the shop. */
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

import { Program } from "../../support/program.ts";
import { HMAC_SECRET, ROOT, Server, SUBSCRIBE_HMAC_SECRET } from "../../support/server.ts";
import { Gateway } from "./gateway.ts";

const target = process.env["CARGO_TARGET_DIR"] ?? join(ROOT, "target");

/** What a shop may be told. */
export interface ShopSettings {
  /** How long a signature is valid, in seconds. */
  ttl?: number;
  /** What the shop signs with; the service's key when left out. */
  secret?: string;
  /** Serve the page of the demo bank. */
  demo?: boolean;
  /** Which of the example's backends it has. */
  backend?: "rust" | "node";
}

/** Fails with the command that makes it when a build is missing. */
const built = (file: string, command: string): string => {
  if (!existsSync(file)) throw new Error(`${file} is missing; run \`${command}\` first`);
  return file;
};

const rustShop = (): string => built(join(target, "debug/merchant"), "cargo build -p transfer-status-examples");

/** The package as built beside stands where the shop's own installation would have put it. */
const nodeShop = (): [program: string, args: string[]] => {
  const folder = join(ROOT, "examples/backends/node");
  const link = join(folder, "node_modules/@transfer-status/client");
  mkdirSync(dirname(link), { recursive: true });
  if (!existsSync(link)) symlinkSync(join(ROOT, "sdk-wasm/npm"), link, "dir");
  return [process.execPath, [join(folder, "shop.mjs")]];
};

export class World {
  readonly gateway: Gateway;
  readonly #server: Server;
  readonly #shops: Program[] = [];

  private constructor(gateway: Gateway, server: Server) {
    this.gateway = gateway;
    this.#server = server;
    gateway.target = server.port;
  }

  static async start(): Promise<World> {
    const server = await Server.start();
    return new World(await Gateway.start(), server);
  }

  /** Starts the server again where it was, with what it had stored. */
  startServer(): Promise<void> {
    return this.#server.restart();
  }

  /** Kills the server: nothing is said to anybody. */
  killServer(): Promise<void> {
    return this.#server.kill();
  }

  /** Starts a shop with its pages and returns its address. */
  async shop({
    ttl = 900,
    secret = SUBSCRIBE_HMAC_SECRET,
    demo = false,
    backend = "rust",
  }: ShopSettings = {}): Promise<string> {
    const pages = join(ROOT, "examples/checkout/dist");
    built(join(pages, "index.html"), "npm run build");
    const [program, args] = backend == "node" ? nodeShop() : [rustShop(), []];
    const shop = await Program.start(program, args, {
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
    await this.#server.report(transferId, status, { amount: 12.1, ...fields });
  }

  async close(): Promise<void> {
    await Promise.all([this.#server.stop(), ...this.#shops.map((shop) => shop.stop("SIGTERM"))]);
    await this.gateway.close();
  }
}
