// What the tests need beside the client: `node stand.mjs PROGRAM ARGS…` runs a program, `swift test` say, with this stand.
//
// The program finds it at TRANSFER_STATUS_STAND and posts one JSON command a request; each is answered with JSON. The stand
// starts real servers on workerd and reports to them as a bank does, starts scripted services that do what no real one
// would, and relays that lose the network. Nothing of it outlives the program.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createServer as listen } from "node:net";
import process from "node:process";

import { Server, sign } from "../../../../sdk-wasm/npm/tests/support/server.ts";
import { Relay } from "./relay.mjs";
import { Scripted } from "./scripted.mjs";

const started = new Map();
let count = 0;

function keep(thing) {
  const name = `${++count}`;
  started.set(name, thing);
  return { name, url: thing.url };
}

const COMMANDS = {
  sign: ({ id, seconds = 900 }) => {
    const expiry = Math.floor(Date.now() / 1000) + seconds;
    return { signature: sign(id, { expiry }), expiry };
  },

  server: async () => keep(await Server.start()),
  report: async ({ name, body }) => ({ transfer: await started.get(name).update(body) }),
  evict: ({ name, id }) => started.get(name).evict(id),
  kill: ({ name }) => started.get(name).kill(),
  restart: ({ name }) => started.get(name).restart(),

  scripted: async ({ tls = false }) => keep(await Scripted.start(tls)),
  script: ({ name, id, socket, poll }) => started.get(name).script(id, { socket, poll }),
  send: ({ name, id, text }) => started.get(name).send(id, text),
  hangUp: ({ name, id, code }) => started.get(name).hangUp(id, code),
  seen: ({ name, id }) => started.get(name).seen(id),
  flood: ({ name, id, texts }) => started.get(name).flood(id, texts),

  relay: async ({ to }) => keep(await Relay.start(to)),
  cut: ({ name }) => started.get(name).cut(),
  freeze: ({ name }) => started.get(name).freeze(),
  mend: ({ name }) => started.get(name).mend(),
  connections: ({ name }) => ({ count: started.get(name).connections }),

  // A port that nobody listens at.
  deadPort: async () => {
    const server = listen().listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address();
    await new Promise((done) => server.close(done));
    return { url: `http://127.0.0.1:${port}` };
  },

  stop: async ({ name }) => {
    await started.get(name).stop();
    started.delete(name);
  },
};

async function answer(request) {
  let text = "";
  for await (const part of request) text += part;
  const command = JSON.parse(text);
  if (!Object.hasOwn(COMMANDS, command.op)) throw new Error(`unknown op ${command.op}`);
  return (await COMMANDS[command.op](command)) ?? {};
}

const control = createServer(async (request, response) => {
  try {
    const value = await answer(request);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
  } catch (error) {
    response.writeHead(500).end(String(error?.stack ?? error));
  }
});
// A connection that rests between two commands stays.
control.keepAliveTimeout = 0;
control.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${control.address().port}`;
  const [program, ...args] = process.argv.slice(2);
  const child = spawn(program, args, { stdio: "inherit", env: { ...process.env, TRANSFER_STATUS_STAND: url } });
  child.on("error", (error) => finish(error.message));
  child.on("exit", (code, signal) => finish(signal ?? code));
});

async function finish(outcome) {
  // What is in this process ends with it; the servers have processes of their own.
  const servers = [...started.values()].filter((thing) => thing instanceof Server);
  await Promise.allSettled(servers.map((server) => server.stop()));
  if (typeof outcome == "string") console.error(outcome);
  process.exit(typeof outcome == "number" ? outcome : 1);
}
