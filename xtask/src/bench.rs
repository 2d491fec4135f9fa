//! `cargo xtask bench …`: what the server does in a second, and what a million transfers cost.
//!
//! The benches are the program `transfer-status-bench` of the end-to-end package, built for release; here it gets the
//! Worker that it runs.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::process::command;
use crate::{build, kotlin, setup};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// `mobile`, for what crossing into Kotlin costs; `server [--quick] [--json] [--only …]` or `cost [--transfers N] [--json]`; see `--help` of each
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "BENCH")]
    bench: Vec<String>,
}

/// Builds what is needed and becomes the bench; returns only when it could not be started.
pub(crate) fn run(args: &Args) -> Result<()> {
    let ready = setup::ensure()?;
    if args.bench.first().is_some_and(|bench| bench == "mobile") {
        return kotlin::bench(&ready.tools);
    }
    build::worker(&ready)?;
    let bench = ["run", "--quiet", "--release", "--package", "transfer-status-e2e"];
    let mut cargo = command(&ready.tools.root, "cargo", bench);
    cargo
        .args(["--bin", "transfer-status-bench", "--"])
        .args(&args.bench);
    // It need not build the Worker again.
    cargo.env("TRANSFER_STATUS_XTASK", std::env::current_exe()?);
    Err(cargo.exec()).context("cannot start cargo")
}
