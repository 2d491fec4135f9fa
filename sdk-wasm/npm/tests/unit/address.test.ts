/** Addresses that cannot be right are refused at once. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { readAddress } from "../../src/address.ts";

const page = (href: string) => new URL(href) as unknown as Location;

test("an address is made absolute and ends with a slash", () => {
  for (const [given, expected] of [
    ["https://status.example.com", "https://status.example.com/"],
    ["wss://status.example.com/pay", "wss://status.example.com/pay/"],
    ["HTTPS://Status.Example.com/pay//", "https://status.example.com/pay/"],
    ["/pay", "https://shop.example/pay/"],
  ] as const) {
    assert.equal(readAddress(given, false, page("https://shop.example/checkout?step=2#top")), expected);
  }
  assert.equal(readAddress(new URL("https://status.example.com/")), "https://status.example.com/");
});

test("what is no address of a service is refused, on a page and elsewhere", () => {
  for (const given of [
    undefined,
    null,
    "",
    "undefined",
    "status.example.com",
    "127.0.0.1:8787",
    "ftp://status.example.com",
    "javascript:alert(1)",
    "https://status.example.com/?tenant=1",
    "https://status.example.com/?",
    "https://status.example.com/#/app",
    "https://user:secret@status.example.com",
    "https://user@status.example.com",
    "https://status.example.com:99999",
    "https://status.example.com:8787x",
    "https://",
    "/pay?tenant=1",
  ]) {
    for (const at of [undefined, page("https://shop.example/checkout")]) {
      assert.throws(
        () => readAddress(given as string, true, at),
        (error: Error) => error instanceof TypeError && !error.message.includes("secret"),
        `${given}`,
      );
    }
  }
  assert.throws(() => readAddress("/pay"), TypeError, "there is no page that it could be on");
});

test("plain text is for this machine and private networks", () => {
  for (const host of [
    "127.0.0.1",
    "127.1.2.3",
    "localhost",
    "app.localhost",
    "[::1]",
    "10.255.0.1",
    "172.16.0.1",
    "172.31.255.1",
    "192.168.1.1",
    "169.254.10.1",
    "[fd12::1]",
    "[fc00::1]",
    "[fe80::1]",
    "[febf::1]",
    "till",
    "till.local",
    "pay.internal",
    "till.home.arpa",
    "2130706433",
  ]) {
    for (const scheme of ["http", "ws"]) readAddress(`${scheme}://${host}:9`);
  }
  for (const host of [
    "pay.example.com",
    "8.8.8.8",
    "[2606:4700::1111]",
    "172.32.0.1",
    "172.15.255.255",
    "11.0.0.1",
    "192.169.0.1",
    "169.253.255.255",
    "100.64.0.1",
    "[fec0::1]",
    "[fe00::1]",
    "[fc::1]",
    "localhost.example.com",
    "local.example",
    "pay.internal.example",
    "notinternal.example-internal",
    "evil-local.com",
    "arpa.example",
    "10.evil.com",
    "127.evil.com",
    "notlocalhost.com",
  ]) {
    for (const scheme of ["http", "ws"]) {
      assert.throws(() => readAddress(`${scheme}://${host}`), /allowPlainText/, host);
      readAddress(`${scheme}://${host}`, true);
    }
    readAddress(`https://${host}`);
  }
});

test("an https page reaches plain text on this machine only", () => {
  const secure = page("https://shop.example/checkout");
  readAddress("http://localhost:8787", false, secure);
  for (const given of ["http://10.0.0.1", "http://status.example.com"]) {
    assert.throws(() => readAddress(given, true, secure), /use https/);
    readAddress(given, true, page("http://shop.example/checkout"));
  }
});
