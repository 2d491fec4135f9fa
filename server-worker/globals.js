// What wasm-bindgen's half finds as globals: bundled with it in place of what the platform has, or has not.

// For the platform's `queueMicrotask`: the next step of a future as a promise's job, which the engine runs with no call into
// the platform. A trap in one is an unhandled rejection, which `entry.js` listens for.
export const queueMicrotask = (job) => {
  Promise.resolve().then(job);
};

// Whether an environment holds these values, each the very same, under these names.
export const settingsAre = (env, names, values) => names.every((name, place) => env[name] === values[place]);

// Method, URL and these headers of a request, one a line; NUL stands for a header that is not there. Neither can be in one.
export const headOf = ({ method, url, headers }, names) =>
  [method, url, ...names.map((name) => headers.get(name) ?? "\0")].join("\n");
