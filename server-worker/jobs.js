// Stands in wasm-bindgen's half for the platform's `queueMicrotask`: the next step of a future as a promise's job, which
// the engine runs with no call into the platform. A trap in one is an unhandled rejection, which `entry.js` listens for.
export const queueMicrotask = (job) => {
  Promise.resolve().then(job);
};
