//! `cargo xtask mutants`: whether the judge of the client session still finds faults that sessions have had.
//!
//! Each patch in `protocol/tests/session/faults/mutants` puts a fault back. In a copy of the workspace the judge's random
//! schedules and its crowds must pass without a patch, and fail with each. Shrinking is off: that there is a fault is
//! enough.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process::{self, command};
use crate::tools::Tools;

const PATCHES: &str = "protocol/tests/session/faults/mutants";
/// The judge's tests by the first words of their names, and what they are called here: those that find most first.
const JUDGED: [(&str, &str); 3] = [
    ("faults::whatever_goes_wrong_a_client_", "one client"),
    ("faults::whatever_goes_wrong_tabs_", "tabs that share a socket"),
    ("crowd::", "a crowd"),
];
/// More than a usual run has: a change of the schedules, which deals them anew, is to lose no fault.
const CASES: &str = "8000";
const TEST: [&str; 11] = [
    "test",
    "--package",
    "transfer-status-protocol",
    "--no-default-features",
    "--test",
    "session",
    "--config",
    "profile.test.debug=false",
    "--config",
    "profile.test.opt-level=1",
    "--quiet",
];

/// Tries every patch; prints a table, and fails when one goes unnoticed.
pub(crate) fn run() -> Result<()> {
    measure(&Tools::load()?.root)
}

/// As [`run`], in the workspace at `root`.
///
/// # Errors
/// When the judge fails without a patch or passes with one, and when a patch does not apply or compile any more.
pub(crate) fn measure(root: &Path) -> Result<()> {
    let copy = root.join("target/mutants");
    synchronize(root, &copy)?;
    let first = Trial::run(&copy)?;
    println!("{:<72}{}", "as it is", first.words());
    if first.found_by.is_some() {
        bail!(
            "the judge complains without any fault put in: run `cargo test --package transfer-status-protocol`"
        );
    }
    let mut missed = Vec::new();
    for patch in patches(root)? {
        let name = patch.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        apply(&copy, &patch).with_context(|| format!("{name}: the patch does not apply any more"))?;
        let trial = Trial::run(&copy).with_context(|| format!("with {name}"))?;
        println!("{name:<72}{}", trial.words());
        if trial.found_by.is_none() {
            missed.push(name.to_owned());
        }
        synchronize(root, &copy)?;
    }
    if !missed.is_empty() {
        bail!("the judge does not notice {}", missed.join(", "));
    }
    Ok(())
}

/// What the judge said.
struct Trial {
    /// With whom it complained.
    found_by: Option<&'static str>,
    seconds: f64,
}

impl Trial {
    fn run(copy: &Path) -> Result<Self> {
        let started = Instant::now();
        process::run(cargo(copy).arg("--no-run"))?;
        let mut found_by = None;
        for (tests, with) in JUDGED {
            let passes = cargo(copy)
                .args(["--", tests])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .context("cannot start cargo")?
                .success();
            if !passes {
                found_by = Some(with);
                break;
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        Ok(Self { found_by, seconds })
    }

    fn words(&self) -> String {
        let verdict = match self.found_by {
            None => "passes".to_owned(),
            Some(with) => format!("found with {with}"),
        };
        format!("{verdict} ({:.1} s)", self.seconds)
    }
}

fn cargo(copy: &Path) -> Command {
    let mut cargo = command(copy, "cargo", TEST);
    cargo
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("PROPTEST_CASES", CASES)
        .env_remove("PROPTEST_RNG_SEED")
        .env_remove("RUSTFLAGS");
    cargo
}

/// All patches, by name.
fn patches(root: &Path) -> Result<Vec<PathBuf>> {
    let mut patches = Vec::new();
    for entry in fs::read_dir(root.join(PATCHES)).context("no folder of patches")? {
        patches.push(entry?.path());
    }
    patches.retain(|path| path.extension() == Some(OsStr::new("patch")));
    patches.sort();
    if patches.is_empty() {
        bail!("{PATCHES} holds no patch");
    }
    Ok(patches)
}

/// Applies a patch to the copy. Lines may have moved: one line of context either side has to be as it was.
fn apply(copy: &Path, patch: &Path) -> Result<()> {
    let mut git = command(copy, "git", ["apply", "-C1"]);
    // The copy lies in a repository, whose paths are not the copy's: git must not see it.
    if let Some(above) = copy.parent() {
        git.env("GIT_CEILING_DIRECTORIES", above);
    }
    // What it says of lines that have moved is no one's concern.
    process::output(git.arg(patch)).map(drop)
}

/// Brings the copy's manifests and Rust sources to what they are in the workspace. What is the same keeps its time, so
/// that cargo compiles only what differs.
fn synchronize(root: &Path, copy: &Path) -> Result<()> {
    fs::create_dir_all(copy).with_context(|| format!("cannot make {}", copy.display()))?;
    for entry in fs::read_dir(root).with_context(|| format!("cannot read {}", root.display()))? {
        let entry = entry?;
        let (from, name) = (entry.path(), entry.file_name());
        let to = copy.join(&name);
        let hidden = name.to_string_lossy().starts_with('.');
        if entry.file_type()?.is_dir() {
            if !hidden && name != "target" && name != "node_modules" {
                synchronize(&from, &to)?;
            }
        } else if name == "Cargo.lock" || from.extension().is_some_and(|end| end == "rs" || end == "toml") {
            let content = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
            if fs::read(&to).ok().as_ref() != Some(&content) {
                fs::write(&to, content).with_context(|| format!("cannot write {}", to.display()))?;
            }
        }
    }
    Ok(())
}
