//! `cargo xtask bench …`: what the server does in a second, and what a million transfers cost.
//!
//! The benches are the program `transfer-status-bench` of the end-to-end package, built for release; here it gets the
//! Worker that it runs.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::process::command;
use crate::tools::Tools;
use crate::{build, kotlin, setup, swift_package};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// `mobile`, for what the phone libraries weigh and what crossing into Kotlin and Swift costs; `server [--quick] [--json] [--only …]` `cost [--transfers N] [--json]`, or `hostile [--quick] [--json]`; see `--help` of each
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "BENCH")]
    bench: Vec<String>,
}

/// Builds what is needed and becomes the bench; returns only when it could not be started.
pub(crate) fn run(args: &Args) -> Result<()> {
    let ready = setup::ensure()?;
    if args.bench.first().is_some_and(|bench| bench == "mobile") {
        return mobile(&ready.tools);
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

/// What the libraries weigh as they ship, and what a crossing costs. Both languages are measured, also where one of them
/// misses its aim.
fn mobile(tools: &Tools) -> Result<()> {
    kotlin::package(tools)?;
    swift_package::measure(tools)?;
    let measured = [kotlin::bench(tools), swift_package::bench(tools)];
    measured.into_iter().collect()
}
