//! `cargo xtask bench …`: every figure of this project, each by a command.
//!
//! Those of the server and of the Rust SDK are the program `transfer-status-bench` of the end-to-end package, built for
//! release; here it gets the Worker that it runs.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};
use clap::Parser;

use crate::process::{self, command};
use crate::tools::Tools;
use crate::{build, centrifugo, chromium, figures, kotlin, npm, setup, swift_package, test};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// `all [--only … | --render]`, for every bench, with tables and charts in docs/benchmarks.md; `protocol`, for messages, signatures and the session; `watches [--count N]`, for thousands of watches in one process; `mobile`, for what the phone libraries weigh and what crossing into Kotlin and Swift costs; `page`, for what a page loads and how soon it has news; `server [--quick] [--json] [--yardstick] [--centrifugo] [--only …]`, `cost [--transfers N] [--json]` or `hostile [--quick] [--json]`; see `--help` of each
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "BENCH")]
    bench: Vec<String>,
}

/// Builds what is needed and runs the bench, or becomes it.
pub(crate) fn run(args: &Args) -> Result<()> {
    let words: Vec<_> = args.bench.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => figures::run(&setup::ensure()?.tools, &figures::Args::default()),
        ["all", ..] => figures::run(&setup::ensure()?.tools, &figures::Args::try_parse_from(&words)?),
        ["page"] => page(),
        ["mobile"] => mobile(&setup::ensure()?.tools),
        ["protocol"] => protocol(&Tools::load()?),
        ["watches", ..] => program(&Tools::load()?, args),
        _ => {
            let ready = setup::ensure()?;
            build::worker(&ready)?;
            program(&ready.tools, args)
        }
    }
}

/// Becomes the program of the end-to-end package; returns only when it could not be started.
fn program(tools: &Tools, args: &Args) -> Result<()> {
    let bench = ["run", "--quiet", "--release", "--package", "transfer-status-e2e"];
    let mut cargo = command(&tools.root, "cargo", bench);
    cargo
        .args(["--bin", "transfer-status-bench", "--"])
        .args(&args.bench);
    // It need not build the Worker again.
    cargo.env("TRANSFER_STATUS_XTASK", std::env::current_exe()?);
    if args.bench.iter().any(|word| word == "--centrifugo") {
        cargo.env(centrifugo::VARIABLE, centrifugo::ensure(tools)?);
    }
    Err(cargo.exec()).context("cannot start cargo")
}

/// Messages and signatures with all features, the session with none of them, as browsers have it.
fn protocol(tools: &Tools) -> Result<()> {
    let bench = [
        "bench",
        "--quiet",
        "--package",
        "transfer-status-protocol",
        "--bench",
    ];
    process::run(command(&tools.root, "cargo", bench).args(["wire", "--all-features"]))?;
    process::run(command(&tools.root, "cargo", bench).arg("session"))
}

/// The package and the checkout page in Chromium: what they load, and how soon they are live and have news.
fn page() -> Result<()> {
    let ready = setup::ensure()?;
    let chromium = setup::ensure_browser(&ready.tools)?;
    build::worker(&ready)?;
    npm::build_checkout(&ready)?;
    let tools = &ready.tools;
    let shop = [
        "build",
        "--quiet",
        "--package",
        "transfer-status-examples",
        "--bins",
    ];
    process::run(&mut command(&tools.root, "cargo", shop))?;
    process::run(&mut npm::script(tools, npm::PACKAGE, "figures")?)?;
    let mut figures = npm::script(tools, npm::BROWSER_TESTS, "figures")?;
    figures.env(chromium::VARIABLE, chromium);
    test::with_server(&mut figures)?;
    process::run(&mut figures)
}

/// What the libraries weigh as they ship, and what a crossing costs. Both languages are measured, also where one of them
/// misses its aim.
fn mobile(tools: &Tools) -> Result<()> {
    kotlin::package(tools)?;
    swift_package::measure(tools)?;
    let measured = [kotlin::bench(tools), swift_package::bench(tools)];
    measured.into_iter().collect()
}
