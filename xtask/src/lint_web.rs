//! `cargo xtask lint-web`: the form and the lint of all TypeScript, JavaScript and CSS, by biome and `biome.jsonc`.

use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::Tools;
use crate::{npm, process};

/// Options of `cargo xtask lint-web`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write what can be mended by itself, the form above all
    #[arg(long)]
    write: bool,
}

/// Looks at every file that git does not ignore; a warning is a failure.
///
/// # Errors
/// When biome is not to be had, or finds something.
pub(crate) fn run(args: &Args) -> Result<()> {
    let tools = Tools::load()?;
    npm::install(&tools, &tools.npm_folder()).context("the npm tools could not be installed")?;
    let mut biome = tools.on_path(Command::new(tools.npm_bin("biome")))?;
    biome
        .args(["check", "--error-on-warnings", "--max-diagnostics=50"])
        .current_dir(&tools.root);
    if args.write {
        biome.arg("--write");
    }
    process::run(&mut biome)
}
