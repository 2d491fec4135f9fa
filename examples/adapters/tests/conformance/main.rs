//! Conformance: every SDK is told the same stories, by a scripted service over real sockets, through its adapter.
//!
//! Each story proves one sentence of PROTOCOL.md, from what the client does on the wire and what it tells its user. Many
//! are told at the same time, since most of a story is waiting. Lower bounds on time are exact: they count from before
//! the client can have begun to. Upper bounds are generous, for a busy machine must not fail a story.
//!
//! `cargo xtask test` runs it. By hand, for one SDK and the stories with "poll" in their names:
//!
//! ```sh
//! export TRANSFER_STATUS_ADAPTERS="$(cargo xtask adapters --json)"
//! cargo test -p transfer-status-adapters --test conformance -- --sdk rust poll
//! ```
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a test prints what it has found")]

mod adapter;
mod changes;
mod choice;
mod exchange;
mod naive;
mod program;
mod report;
mod rules;
mod run;
mod secrets;
mod server;
mod socket;
mod stage;
mod stories;
mod story;
mod told;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::tell("conformance", || Ok(()))
}
