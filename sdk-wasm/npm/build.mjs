/**
 * Builds dist/: the session as WebAssembly, as text for the inlined entry and as JavaScript, then one ES module and
 * one type declaration for each entry. The same input gives the same bytes.
 *
 * Needs target/session.wasm, which `cargo xtask build session` makes; SESSION_WASM names another.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { checkout } from "./build-checkout.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const session = process.env.SESSION_WASM ?? join(here, "../../target/session.wasm");

/** Where each entry comes from, and what it leaves to other files of the package. */
const entries = {
  index: [],
  slim: [],
  cdn: [],
  store: [],
  react: ["./index.js", "./store.js", "react"],
  vue: ["./index.js", "./store.js", "vue"],
  svelte: ["./index.js", "./store.js"],
  solid: ["./index.js", "./store.js", "solid-js"],
  angular: ["./index.js", "./store.js", "@angular/core"],
  element: ["./index.js"],
  qr: ["./index.js"],
  server: ["./index.js"],
  checkout: ["./index.js"],
  testing: ["./index.js"],
};
/** What the driver calls; all else that the linker exports is dropped. */
const exported = ["input", "output", "value"];
const features = [
  "bulk-memory",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
].map((name) => `--enable-${name}`);

const run = (tool, ...args) => execFileSync(process.execPath, [join(here, "node_modules", tool), ...args]);
const binaryen = (tool, ...args) => run(`binaryen/bin/${tool}`, ...features, ...args);

/** Makes the module small and returns its path. */
const shrink = (work) => {
  const [kept, small] = [join(work, "kept.wasm"), join(work, "session.wasm")];
  const graph = join(work, "graph.json");
  writeFileSync(graph, JSON.stringify(exported.map((name) => ({ name, export: name, root: true }))));
  binaryen("wasm-metadce", session, "--graph-file", graph, "-o", kept);
  const strip = ["--strip-debug", "--strip-producers", "--strip-target-features"];
  binaryen("wasm-opt", kept, "--flatten", "--rereloop", "-Oz", "--converge", ...strip, "-o", small);
  return small;
};

/** The same module as JavaScript, for pages whose policy refuses WebAssembly. */
const translate = async (work, small) => {
  const [plain, script] = [join(work, "plain.wasm"), join(work, "session.js")];
  const lower = ["--llvm-nontrapping-fptoint-lowering", "--llvm-memory-copy-fill-lowering", "--signext-lowering"];
  binaryen("wasm-opt", small, ...lower, "-Oz", "--converge", "-o", plain);
  binaryen("wasm2js", plain, "-Oz", "-o", script);
  const text = readFileSync(script, "utf8");
  const end = text.indexOf("var retasmFunc");
  if (end < 0) throw new Error("wasm2js writes another form than the build knows; look at its output");
  await bundle({
    stdin: { contents: `${text.slice(0, end)}export default () => asmFunc({});`, resolveDir: work },
    outfile: join(dist, "fallback.js"),
  });
};

/** The other side of src/unpack.ts. */
export const pack = (bytes) => {
  const symbol = (n) => String.fromCharCode(n + 35 + (n > 56 ? 1 : 0));
  return Array.from(bytes, (byte) => (byte < 87 ? "" : symbol(86 + Math.floor(byte / 87))) + symbol(byte % 87)).join(
    "",
  );
};

/** What Next.js and its like read of a module that belongs to the browser. */
const banners = { react: '"use client";' };

const bundle = (options) =>
  build({
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    minify: true,
    legalComments: "none",
    // A source map names a package below this folder, wherever a link leads.
    preserveSymlinks: true,
    // A module is UTF-8 by its standard; escapes would double the Arabic.
    charset: "utf8",
    // Nothing that starts with an underscore is public.
    mangleProps: /^_[a-z]/,
    logLevel: "warning",
    ...options,
  });

const main = async () => {
  if (!existsSync(session)) {
    throw new Error(`${session} is missing; run \`cargo xtask build session\` first, or name it in SESSION_WASM`);
  }
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const work = mkdtempSync(join(tmpdir(), "transfer-status-"));
  try {
    const small = shrink(work);
    const bytes = readFileSync(small);
    writeFileSync(join(dist, "session.wasm"), bytes);
    await translate(work, small);

    const inlined = {
      name: "session:text",
      setup(build) {
        build.onResolve({ filter: /^session:text$/ }, ({ path }) => ({ path, namespace: "session" }));
        build.onLoad({ filter: /.*/, namespace: "session" }, () => ({ contents: pack(bytes), loader: "text" }));
      },
    };
    // Within the package an entry is shared, not copied; only the file for a script tag stands alone.
    const toFile = {
      name: "entries",
      setup(build) {
        const shared = /^\.\/(index|store)\.ts$/;
        build.onResolve({ filter: shared }, ({ path }) => ({ path: path.replace(".ts", ".js"), external: true }));
      },
    };
    for (const [entry, external] of Object.entries(entries)) {
      await bundle({
        entryPoints: [join(here, `src/${entry}.ts`)],
        outfile: join(dist, `${entry}.js`),
        external: ["./fallback.js", ...external],
        banner: { js: banners[entry] ?? "" },
        // Who audits a page of payments reads the sources, not what the minifier made of them.
        sourcemap: true,
        sourcesContent: true,
        plugins: external.includes("./index.js") ? [inlined, checkout, toFile] : [inlined],
      });
    }
    cpSync(join(here, "src/element.css"), join(dist, "element.css"));
    // It is in checkout.js.
    cpSync(join(here, "node_modules/lean-qr/LICENSE"), join(dist, "lean-qr.LICENSE.txt"));
    declare();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

/** One declaration for each entry and for what they share. */
const declare = () => {
  const settings = ["--declaration", "--emitDeclarationOnly", "--noEmit", "false", "--rootDir", join(here, "src")];
  try {
    run("typescript/bin/tsc", "-p", join(here, "tsconfig.json"), ...settings, "--outDir", dist);
  } catch (error) {
    throw new Error(`the types do not fit:\n${error.stdout}`, { cause: error.message });
  }
  const shared = ["types", "error", "final", "scan", "publish", "secret", "subscription", "testing-service"];
  const own = ["request", "texts", "view"].map((name) => join("checkout", name));
  const kept = new Set([...Object.keys(entries), ...shared, ...own].map((name) => `${name}.d.ts`));
  for (const name of readdirSync(dist, { recursive: true }).filter((name) => name.endsWith(".d.ts"))) {
    const file = join(dist, name);
    if (kept.has(name))
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(/(from "\.{1,2}\/[\w/-]+)\.ts"/g, '$1.js"'));
    else rmSync(file);
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
