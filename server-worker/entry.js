// The Worker's entry: hands each event to the WebAssembly instance that `cargo xtask build worker` has made, and begins a
// new one after a panic or a trap, for what is in the old one's memory may be half done.
//
// Whatever the old instance was doing for others ends with it, as if the machine had: what was acknowledged is stored.
import * as bindings from "bindings";
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

// The panic hook, which has logged the panic by then, sets `criticalError`. It outlives instances.
const state = bindings.__worker_init_state();

// What the instance has promised, and would never keep once it has failed.
const underWay = new Set();

// A panic ends in a trap. One with no panic before it: the stack or the memory is used up, say.
function note(error) {
  if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) return;
  console.error("the WebAssembly instance has failed; the next event begins a new one", error);
  state.criticalError = true;
  for (const fail of underWay) fail(error);
  underWay.clear();
}
addEventListener("error", ({ error }) => note(error));
addEventListener("unhandledrejection", ({ reason }) => note(reason));

function enter(call) {
  if (state.criticalError) {
    bindings.__wbg_reset_state();
    state.criticalError = false;
  }
  let outcome;
  try {
    outcome = call();
  } catch (error) {
    note(error);
    throw error;
  }
  return outcome instanceof Promise ? kept(outcome) : outcome;
}

const kept = (promise) =>
  new Promise((resolve, reject) => {
    underWay.add(reject);
    const endBy = (settle) => (outcome) => {
      underWay.delete(reject);
      settle(outcome);
    };
    promise.then(endBy(resolve), endBy(reject));
  });

// The object's own part lives in an instance, and is made anew in the next one.
const objectOf = (Bound) => {
  class Own {
    #ctx;
    #env;
    #bound;
    #instance;

    constructor(ctx, env) {
      this.#ctx = ctx;
      this.#env = env;
    }

    #enter(call) {
      return enter(() => {
        if (this.#instance !== state.instanceId) {
          this.#bound = new Bound(this.#ctx, this.#env);
          this.#instance = state.instanceId;
        }
        return call(this.#bound);
      });
    }

    fetch(request) {
      return this.#enter((bound) => bound.fetch(request));
    }

    // The Worker's call with an update, for a room: neither a request nor a response has to be made for it.
    report(beside, url, body) {
      return this.#enter((bound) => bound.report(beside, url, body));
    }

    alarm() {
      return this.#enter((bound) => bound.alarm());
    }

    webSocketMessage(socket, message) {
      return this.#enter((bound) => bound.webSocketMessage(socket, message));
    }

    webSocketClose(socket, code) {
      return this.#enter((bound) => bound.webSocketClose(socket, code));
    }

    webSocketError() {
      // The platform has let go of the socket.
    }
  }
  // The platform lets `report` be called of what descends from its own class. That is not called itself: it takes no `ctx` but
  // the platform's, and what stands in front of this in tests brings another.
  return Object.setPrototypeOf(Own, DurableObject);
};

export const TransferRoom = objectOf(bindings.TransferRoom);
export const RecentIndex = objectOf(bindings.RecentIndex);

// A class, so that what stands in front of it in tests can bring an environment of its own.
export default class extends WorkerEntrypoint {
  fetch(request) {
    return enter(() => bindings.fetch(request, this.env));
  }
}
