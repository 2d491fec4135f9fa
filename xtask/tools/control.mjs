// The control channel of `cargo xtask serve --control`: one JSON command a line on stdin, one JSON answer a line on stdout.
//
// {"op":"evict","className":"TransferRoom","name":"<id>","webSockets":"hibernate"|"close"}
//     puts the Durable Object out of memory now, as the platform does when it likes; its storage stays.
// {"op":"logs"}   answers with all that the Worker and the runtime have printed so far.
//
// An answer is {"ok":true,…} or {"ok":false,"error":"…"}, in the order of the commands; an `id` in a command is
// given back. The end of stdin stops the server.
import process from "node:process";
import { createInterface } from "node:readline";

const COMMANDS = {
  async evict({ miniflare, worker }, { className, name, webSockets = "hibernate" }) {
    await miniflare.unsafeEvictDurableObject(worker, className, { name, webSockets });
    return {};
  },
  async logs({ logs }) {
    return { logs };
  },
};

async function answer(server, line) {
  let id;
  try {
    const command = JSON.parse(line);
    id = command.id;
    if (!Object.hasOwn(COMMANDS, command.op)) {
      throw new Error(`unknown op ${JSON.stringify(command.op)}; known are ${Object.keys(COMMANDS).join(", ")}`);
    }
    return { id, ok: true, ...(await COMMANDS[command.op](server, command)) };
  } catch (error) {
    return { id, ok: false, error: String(error?.message ?? error) };
  }
}

/** Answers commands until stdin ends, then calls `onEnd`. */
export async function answerCommands({ onEnd, ...server }) {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== "") process.stdout.write(`${JSON.stringify(await answer(server, line))}\n`);
  }
  onEnd();
}
