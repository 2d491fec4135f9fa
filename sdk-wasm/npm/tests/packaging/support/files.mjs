// A plain file server, as any CDN, and a gateway that adds a policy: no knowledge of the package.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, get } from "node:http";
import path from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Serves `folders`, a path prefix to a folder each; `/` is the index of the last. */
export const serveFiles = (folders) =>
  listen(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const [prefix, folder] = Object.entries(folders).find(([prefix]) => pathname.startsWith(prefix));
    const name = path.join("/", pathname.slice(prefix.length) || "index.html");
    try {
      const body = await readFile(path.join(folder, name));
      response.writeHead(200, { "content-type": TYPES[path.extname(name)] ?? "text/plain" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });

/** Serves what is at `address` under the Content-Security-Policy `policy`. */
export const servePolicy = (address, policy) =>
  listen(({ url, headers }, response) => {
    get(new URL(url, address), { headers }, (answer) => {
      response.writeHead(answer.statusCode, { ...answer.headers, "content-security-policy": policy });
      answer.pipe(response);
    }).on("error", () => response.destroy());
  });

const listen = async (handler) => {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
};
