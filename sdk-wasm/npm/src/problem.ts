/** What keeps a watch from being live, as its user sees it. */
import { CAUSE_MALFORMED, CAUSE_SIGNATURE_REFRESH, type Core } from "./core.ts";
import type { Problem } from "./types.ts";

/** The session's causes, in the order of their numbers. */
const kinds: Problem["kind"][] = [
  "unreachable",
  "timeout",
  "not-the-service",
  "malformed",
  "too-many-watchers",
  "signature-refresh",
  "redirect",
];

/** The problem that the session has just named, or `null`; `field` and `cause` are what the driver knows beside it. */
export const readProblem = (core: Core, field?: string, cause?: unknown): Problem | null => {
  const number = core.value();
  if (number < 0) return null;
  const next = core.value(3);
  return {
    kind: kinds[number] ?? (number < 400 ? "redirect" : number < 1000 ? "http" : "closed"),
    ...(number == CAUSE_MALFORMED && { field }),
    ...(number == CAUSE_SIGNATURE_REFRESH && { cause }),
    ...(number > 999 ? { code: number } : number > 99 && { status: number }),
    since: new Date(core.value(1)),
    attempts: core.value(2),
    nextAttempt: next < 0 ? null : new Date(next),
  };
};
