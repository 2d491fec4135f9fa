// The types of the packed package where their reader has less than we have: no React, and either module resolution.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { Project } from "./support/project.mjs";

const CODE = `
import { isFinal, watchTransfer, type FinalTransfer, type Transfer } from "@transfer-status/client";
import { isFinal as isFinalInSlim } from "@transfer-status/client/slim";
import { createStore } from "@transfer-status/client/store";
import { formatQr } from "@transfer-status/client/qr";
import { mint, Secret, type Update } from "@transfer-status/client/server";
import "@transfer-status/client/checkout";
import "@transfer-status/client/element";
const element = document.createElement("transfer-status");
element.getSignature = async ({ transferId }) => transferId;
element.addEventListener("status", ({ detail }) => console.log(detail.status.length));
element.addEventListener("error", ({ detail }) => console.log(detail.code.length));
element.addEventListener("click", ({ clientX }) => console.log(clientX.toFixed()));
const checkout = document.createElement("transfer-checkout");
checkout.texts = { waiting: "Scan om te betalen" };
checkout.getSignature = async ({ signature }) => signature;
checkout.createRequest = async ({ amount }) => ({
  ...(await mint(new Secret("key"), { transferId: "t", merchantId: "m" })),
  url: "https://status.example",
  qr: amount.toFixed(),
});
const watched = watchTransfer<{ currency: string }>({ url: "https://status.example", transferId: "t", signature: "s" });
watched.on("status", ({ metadata }) => console.log(metadata?.currency.length));
const thank = (end: "completed" | "failed" | "cancelled") => end.length;
watched.on("status", (transfer) => isFinal(transfer) && thank(transfer.status));
watched.finished.then(({ status, metadata }) => thank(status) + (metadata?.currency.length ?? 0));
const given = {} as Transfer<{ order: number }>;
if (isFinalInSlim(given)) {
  const end: FinalTransfer<{ order: number }> = given;
  console.log(thank(end.status), end.metadata?.order.toFixed());
}
createStore(watchTransfer<{ order: number }>, null).subscribe(({ transfer }) => transfer?.metadata?.order.toFixed());
const update: Update = { transferId: "t", status: "completed", ifVersion: 1 };
console.log(checkout.request?.qr, update.status);
console.log(element.watch?.latest?.version, formatQr({ page: "", transferId: "", signature: "" }).length);
`;

test("a project without React needs none for the element's types, and has them", { timeout: 120_000 }, async (t) => {
  const readme = await Project.create("readme");
  const folder = mkdtempSync(path.join(tmpdir(), "transfer-status-types-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, "node_modules/@transfer-status"), { recursive: true });
  const client = "node_modules/@transfer-status/client";
  cpSync(readme.path(client), path.join(folder, client), { recursive: true });
  const settings = (module, moduleResolution) => ({
    compilerOptions: {
      target: "es2022",
      lib: ["es2022", "dom"],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      module,
      moduleResolution,
    },
    files: ["main.ts"],
  });
  writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(path.join(folder, "main.ts"), CODE);
  const check = async (module, moduleResolution) => {
    writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(settings(module, moduleResolution)));
    await readme.run(readme.path("node_modules/.bin/tsc"), ["-p", folder]);
  };
  await check("esnext", "bundler");
  await check("nodenext", "nodenext");
  // What is wrong with a line's types is found, so the lines above say something.
  for (const [right, wrong, found] of [
    ["detail.status.length", "detail.nonsense", /nonsense/],
    ["metadata?.currency.length)", "metadata?.nonsense)", /nonsense/],
    ["isFinal(transfer) && thank", "thank", /is not assignable/],
    ["order.toFixed());\n}", "order.length);\n}", /length/],
  ]) {
    assert.ok(CODE.includes(right));
    writeFileSync(path.join(folder, "main.ts"), CODE.replace(right, wrong));
    await assert.rejects(check("nodenext", "nodenext"), found);
  }
});
