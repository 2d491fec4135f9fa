// The promises that the server waits for, and those that it has made.

// Tells `settle` how a promise has ended: one function for all of them, where a closure of Rust for each would have to be
// made, registered and dropped.
export function follow(promise, key, settle) {
  promise.then(
    (value) => settle(key, true, value),
    (error) => settle(key, false, error),
  );
}

const underWay = new Map();

// A promise of what a handler will end with.
export function promised(handler) {
  const made = Promise.withResolvers();
  underWay.set(handler, made);
  return made.promise;
}

// The handler has ended.
export function end(handler, isFulfilled, value) {
  const made = underWay.get(handler);
  underWay.delete(handler);
  if (isFulfilled) made.resolve(value);
  else made.reject(value);
}

// The instance that the handlers were of has failed: none of them will ever end.
export function failAll(error) {
  for (const { reject } of underWay.values()) reject(error);
  underWay.clear();
}
