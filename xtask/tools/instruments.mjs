// Runs in front of the built Worker with `serve.mjs --instruments`, for benches and tests: it counts what the platform
// would bill, can make the archive, the recent index and alarms fail, and lets time pass. What is shipped knows nothing
// of it.
//
// GET  /-/instruments            {"worker":…,"room":{…},"shard":{…},"archive":{…},"places":{…}}, counts since the start
// POST /-/instruments            {"fail":["archive","index"]}: these fail from now on; an empty list makes them well again
//                                {"variables":{…}}: these are set so from now on, as when secrets change under an isolate
// GET  /-/instruments/left       {"rows":…,"alarms":…}: what rooms that were ever awake here still store
// GET  /-/instruments/points     the data points for the platform's analytics, in order
//                                {"archive":{…}}: how KV is from now on, see kv-faults.mjs; what is left out is as it was
//                                {"index":"ok"|"fail"|"hang"}, {"alarm":"ok"|"throw"}: what a call and `setAlarm` do
//                                {"sockets":"ok"|"throw"}: what asking a room for its sockets does, with which the Worker panics
//                                {"hang":["<id>",…]}: these rooms answer no shard
//                                {"advance":ms,"apart":ms}: so much time passes at once, and alarms whose time has come
//                                go off, with that pause between two objects
//                                {"passed":ms}: so much had passed before this process began
//                                {"step":ms}: the clock is set forward, or back, and alarms come when they would have come
// GET  /-/instruments/archive    {"t/<id>":{"version":…,"status":…,"final":…},…}: all that the archive holds
import { WorkerEntrypoint } from "cloudflare:workers";
import { faultyKv, listed, wellKv } from "./kv-faults.mjs";
import Worker, * as built from "./index.js";

const ROUTE = "/-/instruments";

// One isolate runs the Worker and every object of it, so that they share this.
const objects = () => ({
  objects: 0,
  fetches: 0,
  reports: 0,
  alarms: 0,
  messages: 0,
  closes: 0,
  rowsRead: 0,
  rowsWritten: 0,
  schemaRows: 0,
  alarmsSet: 0,
  emptied: 0,
  rowsEmptied: 0,
  bytesEmptied: 0,
  busyMs: 0,
  running: 0,
});
const seen = {
  worker: { requests: 0 },
  room: objects(),
  shard: objects(),
  archive: { reads: 0, writes: 0, deletes: 0, failed: 0, bytes: 0, written: {} },
  places: {},
};
const faults = { index: "ok", alarm: "ok", sockets: "ok", hang: new Set(), archive: wellKv() };

// Time as the Worker and its objects see it: the machine's, and what was let pass.
const machineNow = Date.now.bind(Date);
let passed = 0;
Date.now = () => machineNow() + passed;
// The objects that have lived in this isolate, whose alarms move with the time.
const known = { ROOMS: new Set(), RECENT: new Set() };
const POKE = "https://instruments/advance/";
const ASK = "https://instruments/left";
// So many objects move their alarms at a time: one by one, a thousand take half a minute.
const TOGETHER = 32;

// Whatever is not named in `own` is the original's, and called on the original.
function wrapped(original, own) {
  return new Proxy(original, {
    get(target, name) {
      if (Object.hasOwn(own, name)) return own[name];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" && name !== "constructor" ? value.bind(target) : value;
    },
  });
}

// A cursor knows how many rows it has read once it was read to its end, by the next statement at the latest.
function meteredSql(sql, counts) {
  let last;
  const settle = () => {
    counts.rowsRead += last?.rowsRead ?? 0;
    last = undefined;
  };
  return wrapped(sql, {
    exec(statement, ...values) {
      settle();
      last = sql.exec(statement, ...values);
      counts.rowsWritten += last.rowsWritten;
      if (/^\s*create\b/i.test(statement)) counts.schemaRows += last.rowsWritten;
      return last;
    },
  });
}

// The platform's own key-value table: each call is a row.
function meteredKv(kv, counts) {
  return wrapped(kv, {
    get(...args) {
      counts.rowsRead += 1;
      return kv.get(...args);
    },
    put(...args) {
      counts.rowsWritten += 1;
      return kv.put(...args);
    },
    delete(...args) {
      counts.rowsWritten += 1;
      return kv.delete(...args);
    },
  });
}

function rowsOf({ sql, kv }) {
  const tables = sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '^_cf^_%' ESCAPE '^'");
  const rows = tables.toArray().map(({ name }) => sql.exec(`SELECT count(*) AS n FROM "${name}"`).one().n);
  return rows.reduce((sum, n) => sum + n, [...kv.list()].length);
}

function meteredStorage(storage, counts) {
  const sql = meteredSql(storage.sql, counts);
  const kv = meteredKv(storage.kv, counts);
  return wrapped(storage, {
    sql,
    kv,
    setAlarm(at, ...args) {
      counts.alarmsSet += 1;
      if (faults.alarm === "throw") throw new Error("setAlarm is made to fail");
      return storage.setAlarm(Number(at) - passed, ...args);
    },
    async getAlarm(...args) {
      const at = await storage.getAlarm(...args);
      return at === null ? null : at + passed;
    },
    deleteAll(...args) {
      counts.emptied += 1;
      counts.rowsEmptied += rowsOf(storage);
      counts.bytesEmptied += sql.databaseSize;
      return storage.deleteAll(...args);
    },
  });
}

function meteredArchive(archive) {
  const counts = seen.archive;
  const attempt = async (work) => {
    try {
      return await work();
    } catch (error) {
      counts.failed += 1;
      throw error;
    }
  };
  const kv = faultyKv(archive, faults.archive);
  return wrapped(archive, {
    get(...args) {
      counts.reads += 1;
      return attempt(() => kv.get(...args));
    },
    put(key, ...args) {
      counts.writes += 1;
      return attempt(async () => {
        await kv.put(key, ...args);
        counts.written[key] = (counts.written[key] ?? 0) + 1;
        const [value, options] = args;
        counts.bytes += key.length + new TextEncoder().encode(value).length + JSON.stringify(options.metadata).length;
      });
    },
    delete(...args) {
      counts.deletes += 1;
      return attempt(() => kv.delete(...args));
    },
  });
}

const never = () => new Promise(() => {});

// Where an object is asked for, which has no meaning on one machine: the local runtime refuses jurisdictions.
function faultyStubs(namespace, fault, jurisdiction = "anywhere") {
  return wrapped(namespace, {
    jurisdiction: (name) => faultyStubs(namespace, fault, name),
    getByName(name, options) {
      const place = `${jurisdiction} ${options?.locationHint ?? "near"}`;
      seen.places[place] = (seen.places[place] ?? 0) + 1;
      const stub = namespace.getByName(name);
      const at =
        (method) =>
        async (...args) => {
          const what = fault(name);
          if (what === "fail") throw new Error("this object is made to fail");
          return what === "hang" ? never() : stub[method](...args);
        };
      return wrapped(stub, { fetch: at("fetch"), report: at("report") });
    },
  });
}

function instrumentedEnv(env) {
  return withVariables({
    ...env,
    HISTORY: meteredArchive(env.HISTORY),
    RECENT: faultyStubs(env.RECENT, () => faults.index),
    ROOMS: faultyStubs(env.ROOMS, (name) => (faults.hang.has(name) ? "hang" : "ok")),
  });
}

// What is not bound, or was set since the start.
const points = [];
const variables = { METRICS: { writeDataPoint: (point) => points.push(point) } };
const withVariables = (env) =>
  new Proxy(env, { get: (env, name) => (Object.hasOwn(variables, name) ? variables[name] : env[name]) });

// An object is billed for as long as anything of it is under way: events, and what they left to be waited for. `end` is
// for an object that was put out of memory: what it had under way never ends.
function busyClock(counts) {
  let running = 0;
  let since = 0;
  const settle = () => {
    counts.busyMs += performance.now() - since;
  };
  return {
    async busy(work) {
      counts.running += 1;
      if (running++ === 0) since = performance.now();
      try {
        return await work();
      } finally {
        if (running > 0) {
          counts.running -= 1;
          if (--running === 0) settle();
        }
      }
    },
    end() {
      if (running > 0) settle();
      counts.running -= running;
      running = 0;
    },
  };
}

function instrumented(Original, counts, names) {
  const clocks = new Map();
  class Observed {
    constructor(ctx, env) {
      counts.objects += 1;
      names.add(ctx.id.name);
      this.storage = ctx.storage;
      clocks.get(ctx.id.name)?.end();
      const clock = busyClock(counts);
      clocks.set(ctx.id.name, clock);
      this.busy = clock.busy;
      const metered = wrapped(ctx, {
        storage: meteredStorage(ctx.storage, counts),
        waitUntil: (promise) => ctx.waitUntil(this.busy(() => promise)),
        getWebSockets(...args) {
          if (faults.sockets === "throw") throw new Error("getWebSockets is made to fail");
          return ctx.getWebSockets(...args);
        },
      });
      this.original = new Original(metered, instrumentedEnv(env));
    }
    async advance(by) {
      const at = await this.storage.getAlarm();
      if (at !== null) await this.storage.setAlarm(at - by);
      return new Response();
    }
    async left() {
      return Response.json({ rows: rowsOf(this.storage), alarms: (await this.storage.getAlarm()) === null ? 0 : 1 });
    }
    fetch(request) {
      if (request.url === ASK) return this.left();
      if (request.url.startsWith(POKE)) return this.advance(Number(request.url.slice(POKE.length)));
      counts.fetches += 1;
      return this.busy(() => this.original.fetch(request));
    }
    report(...args) {
      counts.fetches += 1;
      counts.reports += 1;
      return this.busy(() => this.original.report(...args));
    }
    alarm(info) {
      counts.alarms += 1;
      const scheduledTime = Number(info?.scheduledTime ?? 0) + passed;
      return this.busy(() => this.original.alarm({ ...info, scheduledTime }));
    }
    webSocketMessage(socket, message) {
      counts.messages += 1;
      return this.busy(() => this.original.webSocketMessage(socket, message));
    }
    webSocketClose(socket, ...args) {
      counts.closes += 1;
      return this.busy(() => this.original.webSocketClose(socket, ...args));
    }
    webSocketError(socket, error) {
      return this.original.webSocketError(socket, error);
    }
  }
  // Its methods may be called where the original's may.
  return Object.setPrototypeOf(Observed, Original);
}

export const TransferRoom = instrumented(built.TransferRoom, seen.room, known.ROOMS);
export const RecentIndex = instrumented(built.RecentIndex, seen.shard, known.RECENT);

async function change(env, asked) {
  const { fail, archive, index, alarm, sockets, hang, advance, apart, passed: before, step, variables: set } = asked;
  Object.assign(variables, set);
  if (fail) {
    const mode = (part) => (fail.includes(part) ? "fail" : "ok");
    Object.assign(faults.archive, { get: mode("archive"), put: mode("archive"), delete: mode("archive") });
    faults.index = mode("index");
  }
  Object.assign(faults.archive, archive);
  faults.index = index ?? faults.index;
  faults.alarm = alarm ?? faults.alarm;
  faults.sockets = sockets ?? faults.sockets;
  faults.hang = hang ? new Set(hang) : faults.hang;
  passed = (before ?? passed) + (step ?? 0);
  if (advance) {
    passed += advance;
    const together = apart ? 1 : TOGETHER;
    for (const [binding, names] of Object.entries(known)) {
      const all = [...names];
      for (let from = 0; from < all.length; from += together) {
        const some = all.slice(from, from + together);
        await Promise.all(some.map((name) => env[binding].getByName(name).fetch(`${POKE}${advance}`)));
        if (apart) await scheduler.wait(apart);
      }
    }
  }
}

async function left(env) {
  const sum = { rows: 0, alarms: 0 };
  for (const name of known.ROOMS) {
    const { rows, alarms } = await (await env.ROOMS.getByName(name).fetch(ASK)).json();
    sum.rows += rows;
    sum.alarms += alarms;
  }
  return sum;
}

export default class extends WorkerEntrypoint {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === `${ROUTE}/archive`) return Response.json(await listed(this.env.HISTORY));
    if (pathname === `${ROUTE}/left`) return Response.json(await left(this.env));
    if (pathname === `${ROUTE}/points`) return Response.json(points);
    if (pathname !== ROUTE) {
      seen.worker.requests += 1;
      const env = {
        ...this.env,
        HISTORY: meteredArchive(this.env.HISTORY),
        ROOMS: faultyStubs(this.env.ROOMS, () => "ok"),
        RECENT: faultyStubs(this.env.RECENT, () => "ok"),
      };
      return new Worker(this.ctx, withVariables(env)).fetch(request);
    }
    if (request.method === "POST") await change(this.env, await request.json());
    return Response.json(seen);
  }
}
