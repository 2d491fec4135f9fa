// Runs in front of two builds of the Worker with `serve.mjs --beside FOLDER`, for the test of a deploy: for minutes,
// Workers of one release talk to objects of the other.
//
// --beside takes the other release's build; --worker and --objects say which of the two they are of: "this" or "other".
import { WorkerEntrypoint } from "cloudflare:workers";
import ThisWorker, * as thisRelease from "./index.js";
import OtherWorker, * as otherRelease from "./other/index.js";

const objectsNamed = (name) =>
  class {
    constructor(ctx, env) {
      const release = env.RELEASE_OF_OBJECTS === "other" ? otherRelease : thisRelease;
      this.original = new release[name](ctx, env);
    }
    fetch(request) {
      return this.original.fetch(request);
    }
    alarm(info) {
      return this.original.alarm(info);
    }
    webSocketMessage(...args) {
      return this.original.webSocketMessage(...args);
    }
    webSocketClose(...args) {
      return this.original.webSocketClose(...args);
    }
    webSocketError(...args) {
      return this.original.webSocketError(...args);
    }
  };

export const TransferRoom = objectsNamed("TransferRoom");
export const RecentIndex = objectsNamed("RecentIndex");

export default class extends WorkerEntrypoint {
  fetch(request) {
    const Worker = this.env.RELEASE_OF_WORKER === "other" ? OtherWorker : ThisWorker;
    // The first releases' entry was a class.
    if (typeof Worker === "function") return new Worker(this.ctx, this.env).fetch(request);
    return Worker.fetch(request, this.env, this.ctx);
  }
}
