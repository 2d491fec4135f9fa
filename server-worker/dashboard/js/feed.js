// The live feed: one socket a shard, each healed by itself. It says what changed and how many sockets are open.
import { feedUrl } from "./api.js";
import { parse } from "./json.js";

const PING = '{"type":"ping"}';
const CONNECT_TIMEOUT_MS = 10_000;
const SILENCE_MS = 20_000;
const PONG_TIMEOUT_MS = 10_000;
const BACKOFF_BASE_MS = 500;
const BACKOFF_CAP_MS = 30_000;
const HELD_MS = 5_000;
const CROWDED_MS = 10_000;

const UNAUTHORIZED = 4401;
const RATE_LIMITED = 4429;

/** Milliseconds to wait before try number `attempt` (0 is the first again): full jitter, doubling, capped. */
export function backoff(attempt, random) {
  return random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 16));
}

/** All shards' sockets. */
export class Feed {
  #shards;
  #on;

  /**
   * `on.change(transfer, watchers)`; `on.removal(id)` when one was deleted; `on.state(open, total)` whenever a socket
   * opens or closes; `on.opened()` when one has opened, so that what it missed can be fetched; `on.refused()` when one
   * could not be opened (the session may have ended); `on.ended()` when the server says that it has.
   */
  constructor(shards, on) {
    this.#on = on;
    const tell = {
      change: on.change,
      removal: on.removal,
      opened: () => this.#moved(on.opened),
      closed: () => this.#moved(),
      refused: on.refused,
      ended: on.ended,
    };
    this.#shards = Array.from({ length: shards }, (_, shard) => new ShardSocket(feedUrl(shard), tell));
  }

  connect() {
    for (const shard of this.#shards) shard.connect();
  }

  /** The host says that the network may be back: no more waiting, and a look whether open sockets still live. */
  wake() {
    for (const shard of this.#shards) shard.wake();
  }

  /** Closes everything for good. */
  stop() {
    for (const shard of this.#shards) shard.stop();
  }

  #moved(then) {
    this.#on.state(this.#shards.filter((shard) => shard.isOpen).length, this.#shards.length);
    then?.();
  }
}

// State: "idle" → "connecting" → "open" → "waiting" → "connecting" …, and "stopped" from anywhere.
class ShardSocket {
  #url;
  #tell;
  #state = "idle";
  #socket = null;
  #attempt = 0;
  // The one thing that this state waits for; "held" runs beside the open state's heartbeat.
  #timer = null;
  #held = null;

  constructor(url, tell) {
    this.#url = url;
    this.#tell = tell;
  }

  get isOpen() {
    return this.#state === "open";
  }

  connect() {
    this.#enter("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    // A socket that was given up may still speak; nobody listens to it then.
    const mine = (handle) => (event) => this.#socket === socket && handle(event);
    socket.addEventListener(
      "open",
      mine(() => this.#opened()),
    );
    socket.addEventListener(
      "message",
      mine((event) => this.#received(event.data)),
    );
    socket.addEventListener(
      "close",
      mine((event) => this.#lost(event.code)),
    );
    this.#wait(CONNECT_TIMEOUT_MS, () => this.#lost(1006));
  }

  wake() {
    if (this.#state === "waiting") this.connect();
    else if (this.#state === "open") this.#probe();
  }

  stop() {
    this.#drop();
    this.#enter("stopped");
  }

  #opened() {
    this.#enter("open");
    this.#held = setTimeout(() => (this.#attempt = 0), HELD_MS);
    this.#listen();
    this.#tell.opened();
  }

  #received(data) {
    this.#listen();
    let message;
    try {
      message = parse(data);
    } catch {
      return;
    }
    if (message?.type === "change" && typeof message.transfer?.id === "string") {
      this.#tell.change(message.transfer, Number.isInteger(message.watchers) ? message.watchers : null);
    } else if (message?.type === "removal" && typeof message.transferId === "string") {
      this.#tell.removal(message.transferId);
    }
  }

  #lost(code) {
    const wasOpen = this.isOpen;
    this.#drop();
    if (code === UNAUTHORIZED) {
      this.#enter("stopped");
    } else {
      this.#enter("waiting");
      const atLeast = code === RATE_LIMITED ? CROWDED_MS : 0;
      this.#wait(atLeast + backoff(this.#attempt, Math.random), () => this.connect());
      this.#attempt += 1;
    }
    this.#tell.closed();
    if (code === UNAUTHORIZED) this.#tell.ended();
    else if (!wasOpen) this.#tell.refused();
  }

  #listen() {
    this.#wait(SILENCE_MS, () => this.#probe());
  }

  #probe() {
    this.#socket.send(PING);
    this.#wait(PONG_TIMEOUT_MS, () => this.#lost(1006));
  }

  #enter(state) {
    clearTimeout(this.#timer);
    clearTimeout(this.#held);
    this.#state = state;
  }

  #wait(millis, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, millis);
  }

  // Does not wait for the other side's close: on a dead link it never comes.
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
