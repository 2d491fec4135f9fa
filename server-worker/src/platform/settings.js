// Whether `env` still holds these very values under these names: some twenty comparisons with no call across the border of
// WebAssembly.
export function holds(env, names, values) {
  for (let at = 0; at < names.length; at += 1) {
    if (env[names[at]] !== values[at]) return false;
  }
  return true;
}
