// How the page is connected: the small sign in the header, and the banner when what is shown may be old.
import { byId, el, icon, setText } from "./dom.js";
import { clockOf } from "./format.js";

// A reconnection that takes no longer than this is nobody's business.
const GRACE_MS = 1_500;

const SIGNS = {
  connecting: "Connecting",
  live: "Live",
  paused: "Paused",
  partial: "Partly live",
  down: "Reconnecting",
  offline: "Offline",
  ended: "Session ended",
};

export class Link {
  #sign = byId("link-state");
  #text = byId("link-text");
  #banner = byId("banner");
  #onRetry;
  #open = 0;
  #total = null;
  #paused = false;
  #ended = false;
  #everLive = false;
  #liveUntil = null;
  #timer = null;
  #troubled = false;
  #shownBanner = "";

  /** `onRetry` is called when the viewer does not want to wait. */
  constructor({ onRetry }) {
    this.#onRetry = onRetry;
    addEventListener("online", () => this.#update());
    addEventListener("offline", () => {
      if (this.#isLive) this.#liveUntil = Date.now();
      this.#update();
    });
    this.#update();
  }

  /** So many of the feed's sockets are open. */
  sockets(open, total) {
    const wasLive = this.#isLive;
    this.#open = open;
    this.#total = total;
    if (this.#isLive) {
      this.#everLive = true;
      this.#settle();
    } else {
      if (wasLive) this.#liveUntil = Date.now();
      this.#expectTrouble();
    }
    this.#update();
  }

  /** The very first call failed: there is no feed yet. */
  unreachable() {
    this.#total ??= 0;
    this.#troubled = true;
    this.#update();
  }

  paused(paused) {
    this.#paused = paused;
    this.#update();
  }

  /** The session is over: there is no feed any more, and nothing is tried. */
  ended() {
    this.#ended = true;
    this.#update();
  }

  get #isLive() {
    return this.#total !== null && this.#total > 0 && this.#open === this.#total;
  }

  #settle() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#troubled = false;
  }

  #expectTrouble() {
    this.#timer ??= setTimeout(() => {
      this.#troubled = true;
      this.#update();
    }, GRACE_MS);
  }

  #state() {
    if (this.#ended) return "ended";
    if (!navigator.onLine) return "offline";
    if (this.#troubled) return this.#open > 0 ? "partial" : "down";
    if (!this.#isLive && !this.#everLive) return "connecting";
    return this.#paused ? "paused" : "live";
  }

  #update() {
    const state = this.#state();
    this.#sign.dataset.state = state;
    setText(this.#text, SIGNS[state]);
    this.#sign.title = this.#total ? `${this.#open} of ${this.#total} feeds are open` : "";
    this.#showBanner(state);
  }

  #showBanner(state) {
    const since = this.#liveUntil;
    const asOf = since === null ? "" : ` What you see is as of ${clockOf(since)}.`;
    const text =
      {
        offline: `You are offline.${asOf} The list goes on by itself when the network is back.`,
        down: `The server cannot be reached.${asOf} Trying again by itself.`,
        partial: `Part of the live feed is down. Some changes may be missing until it is back.`,
      }[state] ?? "";
    if (text === this.#shownBanner) return;
    this.#shownBanner = text;
    this.#banner.classList.toggle("shown", text !== "");
    this.#banner.dataset.state = state;
    if (text === "") {
      this.#banner.replaceChildren();
      return;
    }
    this.#banner.replaceChildren(icon(state === "offline" ? "cloud-off" : "alert"), el("span", {}, text));
    if (state !== "offline") this.#banner.append(this.#retryButton());
  }

  #retryButton() {
    const button = el("button", { type: "button", class: "button small" }, "Try now");
    button.addEventListener("click", this.#onRetry);
    return button;
  }
}
