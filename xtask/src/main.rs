//! `cargo xtask …`: set-up, build, serve, demo, test and size of Transfer Status.
fn main() {}
