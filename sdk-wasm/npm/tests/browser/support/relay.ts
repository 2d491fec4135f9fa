/** The shop behind a proxy that changes the policy of its pages. */
import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

const POLICY = "content-security-policy";

/** Serves the shop with another policy until the test is over; its address. */
export const withPolicy = async (
  shop: string,
  change: (policy: string) => string,
  test: TestContext,
): Promise<string> => {
  const server: Server = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const passed = request(new URL(url ?? "/", shop), { method, headers }, (answer) => {
      const policy = answer.headers[POLICY];
      if (policy) answer.headers[POLICY] = change(String(policy));
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
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
