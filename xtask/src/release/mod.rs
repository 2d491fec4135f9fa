//! `cargo xtask release`: every package as its registry wants it, checked, and tried in a project that knows only it.
//!
//! Publishing is the business of `.github/workflows/release.yml`, which runs this first. The projects of
//! `xtask/release` stand for a user's: they are copied out of the repository, get the packed packages and nothing else,
//! and are built and run against the real server.

mod crates;
mod maven;
mod npm;
mod swift;
mod trial;
mod versions;

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::setup::{self, Ready};
use crate::tools::Tools;

pub(crate) use versions::check as check_versions;

/// Where the packed packages go, from the repository's root.
const PACKED: &str = "target/release-packages";

/// Options of `cargo xtask release`.
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true)))]
pub(crate) struct Args {
    /// Build, check and try everything, and publish nothing
    #[arg(long, group = "what")]
    dry_run: bool,
    /// Write this version into every file that names one, and stop
    #[arg(long, group = "what", value_name = "VERSION")]
    set_version: Option<String>,
    /// One kind of package alone; may be repeated
    #[arg(long, requires = "dry_run")]
    only: Vec<Kind>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// For crates.io
    Crates,
    /// For npm
    Npm,
    /// For Maven Central
    Maven,
    /// For SwiftPM
    Swift,
}

/// Does what `args` ask for, and says how long each part took.
pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(version) = &args.set_version {
        return versions::set(&Tools::load()?.root, version);
    }
    let wanted = |kind| args.only.is_empty() || args.only.contains(&kind);
    let started = Instant::now();
    let ready = setup::ensure()?;
    let tools = &ready.tools;
    let version = part("versions and changelog", || {
        let version = check_versions(&tools.root)?;
        versions::check_changelog(&tools.root, &version)?;
        Ok(version)
    })?;
    fs::create_dir_all(tools.root.join(PACKED))?;
    let trial = part("a server to try them on", || {
        trial::Trial::start(&ready, &version)
    })?;
    if wanted(Kind::Crates) {
        part("crates", || crates::pack(&ready, &version))?;
        part("crates in a project of their own", || {
            crates::try_out(&ready, &trial)
        })?;
    }
    if wanted(Kind::Npm) {
        part("npm", || npm::pack(&ready))?;
        part("npm package in a project of its own", || {
            npm::try_out(&ready, &trial)
        })?;
    }
    if wanted(Kind::Maven) {
        part("Maven", || maven::pack(tools))?;
        part("Maven artefacts in a project of their own", || {
            maven::try_out(tools, &trial)
        })?;
    }
    if wanted(Kind::Swift) {
        part("Swift", || swift::pack(tools))?;
        part("Swift package in a project of its own", || {
            swift::try_out(tools, &trial)
        })?;
    }
    println!(
        "\nrelease: {version} is ready to be published; packed in {PACKED}, {:.0} s in all",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// What of it takes seconds and is part of every test: the versions, and what each crate would carry.
///
/// # Errors
/// When versions differ or a crate lacks a file.
pub(crate) fn check_quickly(ready: &Ready) -> Result<()> {
    check_versions(&ready.tools.root)?;
    crates::check_lists(&ready.tools)
}

fn part<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\nrelease: {name}");
    let started = Instant::now();
    let result = work().with_context(|| format!("release of {name}"))?;
    println!("release: {name}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(result)
}

/// Fails unless `text` has the line that a project prints when it has seen a payment to its end.
fn expect_paid(who: &str, text: &str) -> Result<()> {
    let line = format!("{who}: completed");
    if !text.lines().any(|found| found == line) {
        bail!("the project did not print \"{line}\" but:\n{text}");
    }
    println!("  {line}");
    Ok(())
}
