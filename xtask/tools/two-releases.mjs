// Two builds of the Worker as one, with `serve.mjs --beside FOLDER`, for tests of deploys: for minutes, Workers of one
// release talk to objects of the other. serve.mjs puts this in the place of `index.js`.
//
// --beside takes the other release's build; --worker and --objects say which of the two is running at the start: "this" or
// "other".
//
// POST /-/releases    {"worker":"this"|"other","objects":"this"|"other"}: a deploy, or a rollback. Requests go to that
//                     Worker from now on; an object changes over when it wakes the next time, as on the platform.
import { WorkerEntrypoint } from "cloudflare:workers";

import OtherWorker, * as otherRelease from "./other/index.js";
import ThisWorker, * as thisRelease from "./this/index.js";

const ROUTE = "/-/releases";

// One isolate runs the Worker and every object of it, so that they share this. Empty until something was deployed.
const deployed = {};

// Refused as the platform refuses a method that a class has not.
const NO_METHOD = 'The RPC receiver does not implement the method "report".';

const objectsNamed = (name) => {
  class Either {
    constructor(ctx, env) {
      const release = (deployed.objects ?? env.RELEASE_OF_OBJECTS) === "other" ? otherRelease : thisRelease;
      this.original = new release[name](ctx, env);
    }
    fetch(request) {
      return this.original.fetch(request);
    }
    report(...args) {
      if (!this.original.report) throw new TypeError(NO_METHOD);
      return this.original.report(...args);
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
  }
  return Object.setPrototypeOf(Either, thisRelease[name]);
};

export const TransferRoom = objectsNamed("TransferRoom");
export const RecentIndex = objectsNamed("RecentIndex");

// An entry as this release's own is one, for instruments.mjs to stand in front of.
export default class extends WorkerEntrypoint {
  async fetch(request) {
    if (new URL(request.url).pathname === ROUTE) {
      Object.assign(deployed, await request.json());
      return Response.json(deployed);
    }
    const release = deployed.worker ?? this.env.RELEASE_OF_WORKER;
    const Worker = release === "other" ? OtherWorker : ThisWorker;
    return new Worker(this.ctx, this.env).fetch(request);
  }
}
