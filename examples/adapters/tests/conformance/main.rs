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
mod report;
mod rules;
mod run;
mod secrets;
mod server;
mod socket;
mod stage;
mod stories;
mod told;
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

/// Whether every SDK holds its duties, and the negative control does not.
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
            "conformance: skipped, for {} names no adapters; `cargo xtask adapters --json` prints them",
            choice::VARIABLE
        );
        return Ok(true);
    };
    let results = runtime.block_on(run::all(&choice));
    let is_good = report::print(&results, &choice);
    // Whoever still waits is of a story that has been told.
    runtime.shutdown_background();
    Ok(is_good)
}
