/**
 * For the tests of a page: a watch that does as it is told, and a service that the real client can be pointed at. No
 * network, no waiting.
 *
 * @packageDocumentation
 */
import { isFinal, TransferStatusError, type ErrorCode } from "./index.ts";
import type {
  Connection,
  FinalTransfer,
  Problem,
  Scan,
  Status,
  Transfer,
  TransferWatch,
  WatchEvents,
} from "./types.ts";

export { fakeService, type FakeService } from "./testing-service.ts";

/** What is to be changed beside the status. */
export type TransferFields = Partial<Omit<Transfer, "id" | "status">>;

/** A watch without a service. What is told reaches listeners, iterators and `finished` before the call returns. */
export interface ScriptedWatch {
  /** To be given to the page in place of what `watchTransfer` gives. */
  readonly watch: TransferWatch;
  /** A status has come, the next version by itself; a final one ends the watch. */
  status(status: Status, fields?: TransferFields): Transfer;
  connection(connection: Connection): void;
  problem(problem: Partial<Problem> & Pick<Problem, "kind">): void;
  /** The code was scanned, or with `false` the phone was put away. */
  scan(scanned?: boolean): void;
  /** The watch ends without a final status. */
  fail(code: ErrorCode, message?: string): void;
}

/** The time of all that happens here, so that what a page makes of it can be compared with what is expected. */
const AT = "2024-01-15T10:30:00.000Z";

/**
 * Makes a watch that does as it is told.
 *
 * @example
 * const payment = scriptedWatch();
 * render(<Payment watch={payment.watch} />);
 * payment.status("processing");
 * payment.status("completed", { amount: 12.1 });
 * expect(screen.getByRole("status")).toHaveTextContent("Paid");
 */
export const scriptedWatch = (transferId = "transfer-123"): ScriptedWatch => {
  type Listener = (value: unknown, detail: unknown) => void;
  const listeners = new Map<string, Set<Listener>>();
  const emit = <Name extends keyof WatchEvents>(name: Name, value: WatchEvents[Name]) => {
    const detail = name == "connection" ? { attempt: 0, isShared: false, problem: self.problem } : undefined;
    for (const listener of [...(listeners.get(name) ?? [])]) listener(value, detail);
  };
  let isOver = false;
  let resolve: (transfer: Transfer) => void;
  let reject: (error: unknown) => void;
  /** Those who wait in a loop. */
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const go of waiting) go();
    waiting.clear();
  };
  const end = (error: unknown) => {
    if (isOver) return;
    isOver = true;
    emit("connection", (self.connection = "closed"));
    if (error instanceof TransferStatusError && error.code != "closed") emit("error", error);
    emit("closed", error);
    if (error) reject(error);
    else resolve(self.latest as FinalTransfer);
    failure = error;
    wake();
  };
  let failure: unknown;

  const self = {
    transferId,
    latest: undefined as Transfer | undefined,
    connection: "connecting" as Connection,
    problem: null as Problem | null,
    finished: new Promise<Transfer>((resolved, rejected) => {
      resolve = resolved;
      reject = rejected;
    }),
    on(name: string, listener: Listener) {
      const heard = listeners.get(name) ?? new Set();
      listeners.set(name, heard.add(listener));
      return () => void heard.delete(listener);
    },
    close: () => end(new TransferStatusError("closed", "closed before a final status")),
    async *[Symbol.asyncIterator]() {
      let seen: Transfer | undefined;
      try {
        while (true) {
          if (self.latest && self.latest != seen) yield (seen = self.latest);
          else if (isOver) break;
          else await new Promise<void>((go) => waiting.add(go));
        }
      } finally {
        self.close();
      }
      if (failure && (failure as TransferStatusError).code != "closed") throw failure;
    },
  };
  self.finished.catch(() => {});

  const live = () => {
    if (self.problem) emit("problem", (self.problem = null));
    if (self.connection != "live") emit("connection", (self.connection = "live"));
  };
  return {
    watch: self as unknown as TransferWatch,
    status(status, fields) {
      if (isOver) throw new Error("the watch is over; nothing follows a final status");
      live();
      const version = status == "pending" && !self.latest ? 0 : (self.latest?.version ?? 0) + 1;
      const transfer = { ...self.latest, id: transferId, updatedAt: AT, version, ...fields, status };
      emit("status", (self.latest = transfer));
      wake();
      if (isFinal(transfer)) end(null);
      return transfer;
    },
    connection: (connection) => emit("connection", (self.connection = connection)),
    problem: (problem) =>
      emit("problem", (self.problem = { since: new Date(AT), attempts: 1, nextAttempt: null, ...problem })),
    scan: (scanned = true) => emit("scan", { transferId, scanned, at: AT } satisfies Scan),
    fail: (code, message = `${code}: told by the test`) => end(new TransferStatusError(code, message)),
  };
};
