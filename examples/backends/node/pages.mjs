/** The shop's pages, what `examples/checkout` built, under a strict policy. */
import { readFile } from "node:fs/promises";
import path from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** What pages may do: run this shop's scripts, WebAssembly among them, and talk to the shop and to the service. */
const policy = (service, isFramed) => {
  const { origin } = new URL(service);
  const frames = isFramed ? "'self'" : "'none'";
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self'",
    // A browser's `http://host` covers no `ws://host` everywhere yet.
    `connect-src 'self' ${origin} ${origin.replace(/^http/, "ws")}`,
    `frame-src ${frames}`,
    `frame-ancestors ${frames}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
};

/** Which file a path is: `/t/{id}` is what a code opens; the signature is in the fragment and never comes here. */
const fileOf = (pathname, hasDemo) => {
  if (pathname === "/") return "index.html";
  if (pathname === "/demo") return hasDemo ? "demo.html" : undefined;
  if (/^\/t\/[^/]+$/.test(pathname)) return "phone.html";
  return /^\/assets\/[\w.-]+$/.test(pathname) ? pathname.slice(1) : undefined;
};

/** Gives what sends a page of `folder`, and says whether it has. */
export const pages = (folder, service, hasDemo) => {
  const headers = {
    "content-security-policy": policy(service, hasDemo),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  };
  return async ({ method, url }, response) => {
    const name = method === "GET" && fileOf(new URL(url, "http://shop").pathname, hasDemo);
    const body = name && (await readFile(path.join(folder, name)).catch(() => undefined));
    if (!body) return false;
    response.writeHead(200, { ...headers, "content-type": TYPES[path.extname(name)] ?? "application/octet-stream" });
    response.end(body);
    return true;
  };
};
