/**
 * The package as a world runs it: its own sources, bundled as the build does, with a line replaced where a fault is put
 * in. The session is the WebAssembly that ships, or the JavaScript in its place.
 *
 * What of the runtime works on other threads is done at once here, since a world has no time but its own: a module is
 * instantiated, and a `Blob` read, without leaving the thread.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import type { Compile } from "../../src/core.ts";
import type { watch } from "../../src/watch.ts";

/** One line of the sources, and what stands there instead. */
export interface Change {
  file: "share.ts" | "watch.ts" | "link.ts" | "poll.ts";
  from: string;
  to: string;
}

export type Watch = typeof watch;

const at = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** The bundle's text. */
const bundle = async (changes: Change[]): Promise<string> => {
  const made = new Set<Change>();
  const { outputFiles } = await build({
    entryPoints: [at("src/watch.ts")],
    bundle: true,
    write: false,
    format: "cjs",
    target: "es2022",
    external: ["./fallback.js"],
    supported: { "dynamic-import": false },
    plugins: [
      {
        name: "changes",
        setup({ onLoad }) {
          onLoad({ filter: /src\/\w+\.ts$/ }, ({ path }) => {
            let contents = readFileSync(path, "utf8");
            for (const change of changes) {
              if (!path.endsWith(`/${change.file}`)) continue;
              const parts = contents.split(change.from);
              if (parts.length != 2) throw new Error(`${change.file} has ${parts.length - 1} times: ${change.from}`);
              contents = parts.join(change.to);
              made.add(change);
            }
            return { contents, loader: "ts" };
          });
        },
      },
    ],
  });
  if (made.size != changes.length) throw new Error("a change was not made: its file is not part of the bundle");
  return outputFiles[0]!.text;
};

/** `Blob` as far as the package reads one, without a thread. */
class DirectBlob {
  readonly #bytes: Buffer;

  constructor(parts: (string | Uint8Array)[]) {
    this.#bytes = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  }

  get size(): number {
    return this.#bytes.length;
  }

  async arrayBuffer(): Promise<Uint8Array> {
    return this.#bytes;
  }
}

const aborted = new DOMException("The request was aborted.", "AbortError");

/** Each with the same reason: to write its stack down costs more than all else that a world does. */
class DirectAbort extends AbortController {
  override abort(reason: unknown = aborted): void {
    super.abort(reason);
  }
}

const direct = { instantiate: async (module: WebAssembly.Module) => new WebAssembly.Instance(module) };

/** Loads the package. */
export const load = async (changes: Change[] = []): Promise<Watch> => {
  const fallback = await import(new URL("../../dist/fallback.js", import.meta.url).href);
  const module = { exports: {} as { watch: Watch } };
  // What a CommonJS module exports is its default.
  const require = () => fallback.default;
  const given = { module, require, WebAssembly: direct, Blob: DirectBlob, AbortController: DirectAbort };
  new Function(...Object.keys(given), await bundle(changes))(...Object.values(given));
  return module.exports.watch;
};

const compiled = new WebAssembly.Module(readFileSync(at("dist/session.wasm")));

/** The session's module. */
export const compile: Compile = async () => compiled;

/** A page whose policy refuses WebAssembly. */
export const refuse: Compile = async () => Promise.reject(new WebAssembly.CompileError("refused by the policy"));
