// Throw-away projects under target/packaging that the packed package is installed into.
//
// `cargo xtask setup` has put there what a fixture's lock file names; here come its sources and the package.
import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { ROOT } from "../../support/server.ts";

const FIXTURES = path.join(ROOT, "sdk-wasm/npm/tests/packaging/fixtures");
const PROJECTS = path.join(ROOT, "target/packaging");
const TOOLS = path.join(ROOT, "xtask/tools/node_modules/.bin");

/** What `cargo xtask setup` has put into a project. */
const INSTALLED = new Set(["node_modules", "package.json", "package-lock.json", ".npmrc"]);

/** Longer than anything takes here, in milliseconds; only a failing test waits for it. */
const PATIENCE = 20_000;

/** A project finds the pinned Node.js first, and no network besides this machine's own. */
const ENV = {
  ...process.env,
  PATH: `${TOOLS}${path.delimiter}${process.env.PATH}`,
  HTTP_PROXY: "http://127.0.0.1:9",
  HTTPS_PROXY: "http://127.0.0.1:9",
  NO_PROXY: "127.0.0.1,localhost",
  NEXT_TELEMETRY_DISABLED: "1",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  NO_COLOR: "1",
};

const execute = async (folder, program, args) => {
  try {
    return (await promisify(execFile)(program, args, { cwd: folder, env: ENV, maxBuffer: 16 << 20 })).stdout;
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")} failed in ${folder}:\n${error.stdout}\n${error.stderr}`);
  }
};

/** The package as it would be published. */
const pack = async () => {
  mkdirSync(PROJECTS, { recursive: true });
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", PROJECTS];
  const [{ filename }] = Object.values(JSON.parse(await execute(path.join(ROOT, "sdk-wasm/npm"), "npm", args)));
  return path.join(PROJECTS, filename);
};
let packed;

export class Project {
  folder;
  #started = [];

  /** The project `name` from its fixture, with the package installed and nothing left of an earlier run. */
  static async create(name, shared = []) {
    const project = new Project();
    const fixture = path.join(FIXTURES, name);
    project.folder = path.join(PROJECTS, name);
    if (existsSync(path.join(fixture, "package-lock.json")) && !existsSync(project.path("node_modules"))) {
      throw new Error(`${project.folder} lacks its packages: run \`cargo xtask setup\` first`);
    }
    mkdirSync(project.folder, { recursive: true });
    for (const left of readdirSync(project.folder)) {
      if (!INSTALLED.has(left)) rmSync(project.path(left), { recursive: true });
    }
    cpSync(fixture, project.folder, { recursive: true, filter: (file) => path.basename(file) != "node_modules" });
    for (const file of shared) cpSync(path.join(FIXTURES, file), project.path(file));
    packed ??= await pack();
    // npm would keep an earlier one of the same version.
    rmSync(project.path("node_modules/@transfer-status"), { recursive: true, force: true });
    const flags = ["--no-save", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"];
    await execute(project.folder, "npm", ["install", ...flags, packed]);
    return project;
  }

  path(...names) {
    return path.join(this.folder, ...names);
  }

  /** Runs a script of the project's package.json to its end. */
  script(name) {
    return execute(this.folder, "npm", ["run", "--silent", name]);
  }

  /** Runs `program`, by default one that the project has installed, to its end. */
  run(program, args) {
    return execute(this.folder, program, args);
  }

  /** Starts `program` and gives its `lines`: `until(pattern)` waits for one and gives the match. */
  start(program, args, env = {}) {
    const local = this.path("node_modules/.bin", program);
    const [command, cwd] = [existsSync(local) ? local : program, this.folder];
    // A group of its own, so that what it starts ends with it.
    const child = spawn(command, args, {
      cwd,
      env: { ...ENV, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const lines = [];
    const waiting = new Set();
    let ended = false;
    const wake = () => waiting.forEach((look) => look());
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on("line", (line) => wake(lines.push(line)));
    }
    child.on("error", (error) => wake(lines.push(String(error))));
    child.on("close", () => wake((ended = true)));
    this.#started.push(child);
    const until = (pattern) =>
      new Promise((resolve, reject) => {
        const settle = (act) => {
          clearTimeout(late);
          waiting.delete(look);
          act();
        };
        const fail = (what) => settle(() => reject(new Error(`${what} ${pattern}:\n${lines.join("\n")}`)));
        const late = setTimeout(() => fail(`within ${PATIENCE} ms, ${program} did not print`), PATIENCE);
        const look = () => {
          const match = lines.map((line) => pattern.exec(line)).find(Boolean);
          if (match) settle(() => resolve(match));
          else if (ended) fail(`${program} ended and never printed`);
        };
        waiting.add(look);
        look();
      });
    return { until, lines };
  }

  /** Ends what was started. */
  async stop() {
    await Promise.all(
      this.#started.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null || !child.pid) return;
        const ended = new Promise((resolve) => child.once("exit", resolve));
        process.kill(-child.pid, "SIGKILL");
        await ended;
      }),
    );
  }
}
