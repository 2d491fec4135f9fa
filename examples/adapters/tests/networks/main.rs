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
#[path = "../conformance/told.rs"]
#[allow(dead_code, reason = "shared with the conformance stories")]
mod told;
#[path = "../conformance/watch.rs"]
#[allow(dead_code, reason = "shared with the conformance stories")]
mod watch;

use std::process::ExitCode;

use anyhow::Result;

use crate::choice::Choice;

fn main() -> ExitCode {
    match test() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every SDK gets over every fault, and the negative control does not.
fn test() -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    if std::env::args().any(|argument| argument == naive::FLAG) {
        runtime.block_on(naive::adapter());
        return Ok(true);
    }
    let Some(choice) = Choice::read()? else {
        println!(
            "networks: skipped, for {} names no adapters; `cargo xtask adapters --json` prints them",
            choice::VARIABLE
        );
        return Ok(true);
    };
    let server = server::start()?;
    let results = runtime.block_on(run::all(&choice));
    let is_good = report::print(&results, &choice);
    // Whoever still waits is of a story that has been told.
    runtime.shutdown_background();
    server.stop();
    Ok(is_good)
}
