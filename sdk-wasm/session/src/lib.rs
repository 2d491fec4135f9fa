//! The client session of Transfer Status as a bare WebAssembly module.
