/** A page around one script of fixtures/, bundled as a user's project would be, on an address of its own. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";
import type { Page } from "playwright-core";

const fixtures = resolve(import.meta.dirname, "../fixtures");

/** Where to leave what is to be done in the end: a test has it. */
export interface Ending {
  after(end: () => unknown): void;
}

/** Bundles and serves `name`, but not what is `external` to it, until the test is over; its address. */
export const serveFixture = async (name: string, test: Ending, external: string[] = []): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [join(fixtures, name)],
    tsconfig: join(fixtures, "../tsconfig.json"),
    outdir: "/",
    bundle: true,
    external,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    // As in a project that has installed the package: one React, its own.
    alias: { react: resolve(fixtures, "../node_modules/react") },
    define: { "process.env.NODE_ENV": '"development"' },
    write: false,
  });
  const scripts = new Map(outputFiles.map(({ path, contents }) => [`/${basename(path)}`, contents]));
  const entry = name.replace(/\.tsx?$/, ".js");
  const page = `<!doctype html><title>${name}</title><body><div id="root"></div><script type="module" src="/${entry}"></script>`;
  const server = createServer(({ url }, response) => {
    const script = scripts.get(url ?? "");
    // A frame of no origin asks as one from elsewhere.
    response.setHeader("access-control-allow-origin", "*");
    if (script) response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    else if (url == "/") response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
    else if (url == "/blank") response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>");
    else response.writeHead(url == "/favicon.ico" ? 204 : 404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** Orders at the shop and leaves the answer where the fixture's script looks for it. */
export const order = async (page: Page, shop: string, fixture: string): Promise<string> => {
  const response = await fetch(`${shop}/create-transfer-request`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ amount: 12.1, currency: "EUR" }),
  });
  const request = (await response.json()) as { transferRequestId: string };
  await page.goto(`${fixture}/blank`);
  await page.evaluate((text) => sessionStorage.setItem("request", text), JSON.stringify(request));
  return request.transferRequestId;
};
