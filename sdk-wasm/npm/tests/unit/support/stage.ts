/** The stage of the driver's tests: a server, a tab and whatever watches in it, fresh for each test. */
import { afterEach, beforeEach } from "node:test";

import { Tab, Watching, breath } from "./host.ts";
import { TestServer, signature } from "./server.ts";

export let server: TestServer;
export let tab: Tab;
export const watching: Watching[] = [];

beforeEach(async () => {
  server = await TestServer.start();
  tab = new Tab();
});
afterEach(() => {
  for (const { watch } of watching.splice(0)) watch.close();
  server.stop();
});

/** Watches the transfer in the tab. */
export const follow = (options: object = {}): Watching => {
  const one = tab.watch({ url: server.url, transferId: "transfer-123", signature, ...options });
  watching.push(one);
  return one;
};

/** Lets the session's waits pass until the server has been asked `count` times. */
export const untilAsked = async (count: number) => {
  while (server.upgrades.length < count) {
    // However long a real socket takes, it takes no virtual time.
    if (!tab.dialing) tab.clock.advance(1_000);
    await breath();
  }
};
