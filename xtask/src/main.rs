//! `cargo xtask …`: set-up, build, serve, demo, test and size of Transfer Status.
//!
//! A table of subcommands, one module each. They call well-kept tools (cargo, wasm-bindgen, wasm-opt, Miniflare) and
//! keep no logic of the product. `cargo xtask --help` tells what there is.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command line tool talks on stdout")]

mod adapters;
mod arrows;
mod audit;
mod backends;
mod bench;
mod browsers;
mod build;
mod centrifugo;
mod chromium;
mod debian;
mod demo;
mod deny;
mod features;
mod figures;
mod fuzz;
mod go;
mod imports;
mod kotlin;
mod lanes;
mod lint_web;
mod mobile;
mod msrv;
mod mutants;
mod npm;
mod order;
mod process;
mod progress;
#[cfg(test)]
mod proofs;
mod python;
mod release;
mod sbom;
mod screenshots;
mod serve;
mod setup;
mod sim;
mod size;
mod swift;
mod swift_package;
mod test;
mod tools;
mod toxiproxy;
mod wasm_target;
mod worker;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Everything one does with this repository, from set-up to the full test.
///
/// On a new machine with Rust (by rustup) and Node.js with npm, start with `cargo xtask setup`, or with any other
/// command: each installs what it misses first and says so.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the builds and the tests need: the wasm target, wasm-bindgen, npm packages,
    /// browsers, a JDK with Maven, Swift
    Setup,
    /// Build what ships: the Worker, the session, the npm package
    Build(build::Args),
    /// Run the real server on local workerd
    Serve(serve::Args),
    /// Show one payment from end to end: server, shop, QR code, phone, bank
    Demo(demo::Args),
    /// Measure everything into docs/benchmarks.md; or one: `bench server` for speed and memory, `bench cost` for the price
    /// of a million transfers, `hostile`, `protocol`, `watches`, `mobile`
    Bench(bench::Args),
    /// Print the sizes of the Worker, the session and the npm package, and fail when one is over its limit
    Size,
    /// Build the programs that conformance suites drive, one an SDK, and print their command lines
    Adapters(adapters::Args),
    /// Check that the crates depend on each other only as ARCHITECTURE.md allows
    Arrows,
    /// Check licences and sources of all crates against deny.toml, without a network
    Deny,
    /// Ask the network for advisories against the locked crates and npm packages (cargo-deny, npm audit)
    Audit,
    /// Write what each artefact is made of to target/sbom, in CycloneDX
    Sbom(sbom::Args),
    /// Check that no dependency needs a newer Rust than the crate that is built from it promises
    Msrv,
    /// Compile and lint each feature of the published crates alone
    Features,
    /// Check the form and the lint of TypeScript, JavaScript and CSS, with biome
    LintWeb(lint_web::Args),
    /// Take pictures of the checkout's card in every state, language, scheme and width, and check that all of it fits
    Screenshots,
    /// Put known faults into a copy of the client session, one at a time, and check that its judge finds each
    Mutants,
    /// Feed decoders, signatures, the session and what the server has stored what libFuzzer makes up
    Fuzz(fuzz::Args),
    /// Build, check and try every package that is published; `--dry-run` publishes none of them
    Release(release::Args),
    /// Let simulated worlds happen, clients and server over a platform that fails, and hold each against PROTOCOL.md
    Sim(sim::Args),
    /// Run every test: native, wasm32, end to end on workerd, in Chromium, the packed package, sizes
    Test,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes on one line; a backtrace through this program would help nobody.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Setup => setup::run(),
        Command::Build(args) => build::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Size => size::run(),
        Command::Adapters(args) => adapters::run(&args),
        Command::Arrows => arrows::run(),
        Command::Deny => deny::run(),
        Command::Audit => audit::run(),
        Command::Sbom(args) => sbom::run(&args),
        Command::Msrv => msrv::run(),
        Command::Features => features::run(),
        Command::LintWeb(args) => lint_web::run(&args),
        Command::Screenshots => screenshots::run(),
        Command::Mutants => mutants::run(),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Release(args) => release::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Test => test::run(),
    }
}
