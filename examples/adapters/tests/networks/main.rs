//! Broken networks: every SDK pays over a real network fault, in front of the real server on local workerd.
//!
//! A story puts a [`proxy::Proxy`] between a client and the server, breaks it, and judges what the user has been told in
//! the end: all news, none twice, the right problem, and no problem once it is over. Only upper bounds on time are
//! judged, and generously. What the scripted service of the conformance stories plays, bytes on a wire play here.
//!
//! `cargo xtask test` runs it. By hand, for one SDK and the stories with "portal" in their names:
//!
//! ```sh
//! export TRANSFER_STATUS_ADAPTERS="$(cargo xtask adapters --json)"
//! cargo test -p transfer-status-adapters --test networks -- --sdk rust portal
//! ```
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a test prints what it has found")]

#[path = "../conformance/adapter.rs"]
#[allow(dead_code, reason = "shared with the conformance stories")]
mod adapter;
#[path = "../conformance/changes.rs"]
#[allow(dead_code, reason = "shared with the conformance stories")]
mod changes;
#[path = "../conformance/choice.rs"]
mod choice;
#[path = "../conformance/naive.rs"]
mod naive;
#[path = "../conformance/program.rs"]
mod program;
mod proxy;
#[path = "../conformance/report.rs"]
mod report;
#[path = "../conformance/run.rs"]
mod run;
#[path = "../conformance/secrets.rs"]
#[allow(dead_code, reason = "shared with the conformance stories")]
mod secrets;
mod server;
mod stage;
mod stories;
#[path = "../conformance/story.rs"]
#[allow(dead_code, reason = "shared with the conformance stories")]
mod story;
mod tls;
#[path = "../conformance/told.rs"]
#[allow(dead_code, reason = "shared with the conformance stories")]
mod told;
mod toxiproxy;
#[path = "../conformance/watch.rs"]
#[allow(dead_code, reason = "shared with the conformance stories")]
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::tell("networks", || {
        Ok((server::start()?, tls::start()?, toxiproxy::start()?))
    })
}
