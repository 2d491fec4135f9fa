/** Bundles the pages into dist/, as the shop's backend serves them. The package has to be built before. */
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const pages = ["checkout", "phone", "demo"];

if (!existsSync(join(here, "../../sdk-wasm/npm/dist/index.js"))) {
  console.error("sdk-wasm/npm/dist is missing; run `npm ci` and `npm run build` in sdk-wasm/npm first");
  process.exit(1);
}
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
await build({
  entryPoints: pages.flatMap((page) => [join(here, `src/${page}.ts`), join(here, `src/${page}.css`)]),
  outdir: join(dist, "assets"),
  bundle: true,
  // The package's fallback for pages that refuse WebAssembly stays a file of its own, loaded only there.
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "linked",
  logLevel: "warning",
});
cpSync(join(here, "pages"), dist, { recursive: true });
