//! `cargo xtask sim`: worlds in virtual time, by the crate in `server-worker/sim`, which has its own profile: quick to run,
//! soon built, and with every overflow and broken assertion found.
//!
//! `cargo xtask sim --tabs`: those of a browser's tabs, by `sdk-wasm/npm/tests/sim` on the npm package as it is built.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::{self, command};
use crate::tools::Tools;
use crate::{npm, setup};

const RUN: [&str; 6] = [
    "run",
    "--quiet",
    "--profile",
    "sim",
    "--package",
    "transfer-status-sim",
];
/// So many in every run of the tests.
const WORLDS: &str = "10000";
/// Each fault that is put in has to be found by one of so many.
const WORLDS_A_FAULT: &str = "20000";

/// Asks for the tabs' worlds. The tests of the npm package run them.
const TABS: &str = "--tabs";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What the simulation is told: `--worlds N`, `--from SEED`, `--seed N`, `--fault NAME`, `--fault all`, `--help`;
    /// with `--tabs` among them it is that of a browser's tabs
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Builds the simulation and runs it.
///
/// # Errors
/// When a world breaks a promise; what matters of it is told.
pub(crate) fn run(args: &Args) -> Result<()> {
    let (tabs, rest): (Vec<_>, Vec<_>) = args.args.iter().partition(|arg| *arg == TABS);
    if tabs.is_empty() {
        return process::run(simulation(&Tools::load()?.root).args(rest));
    }
    let ready = setup::ensure()?;
    let folder = npm::build(&ready)?;
    let mut node = ready.tools.on_path(Command::new(ready.tools.node()?))?;
    process::run(node.arg("tests/sim/main.ts").args(rest).current_dir(folder))
}

/// As the tests run it: the worlds, and then each known fault, which has to be found.
///
/// # Errors
/// When a world breaks a promise, or a fault goes unnoticed.
pub(crate) fn measure(root: &Path) -> Result<()> {
    process::run(simulation(root).args(["--worlds", WORLDS]))?;
    process::run(simulation(root).args(["--fault", "all", "--worlds", WORLDS_A_FAULT]))
}

fn simulation(root: &Path) -> Command {
    let mut cargo = command(root, "cargo", RUN);
    cargo.arg("--");
    cargo
}
