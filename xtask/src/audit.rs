//! `cargo xtask audit`: advisories against what the lock files name. It asks the network, so no test does it: a scheduled
//! workflow does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup;
use crate::tools::Tools;
use crate::{npm, process};

/// The crate of the tool, which `auditTools` of `xtask/tools/package.json` pins.
const CARGO_DENY: &str = "cargo-deny";
/// Workspaces with a lock file, from the repository's root.
pub(crate) const WORKSPACES: [&str; 3] = [".", "protocol/fuzz", "server-worker/fuzz"];

/// Runs all checks, also after one has failed, and fails when one does.
///
/// # Errors
/// When there is an advisory that counts, a tool cannot be installed, or the network is not there.
pub(crate) fn run() -> Result<()> {
    let tools = Tools::load()?;
    let version = tools.pins.audit_tools.get(CARGO_DENY);
    let version = version.with_context(|| format!("xtask/tools/package.json pins no {CARGO_DENY}"))?;
    setup::install_cargo_tool(&tools, CARGO_DENY, version)?;
    let deny = tools.cargo_program(CARGO_DENY, version);
    let mut failed = Vec::new();
    for workspace in WORKSPACES {
        let mut check = Command::new(&deny);
        check
            .arg("--manifest-path")
            .arg(tools.root.join(workspace).join("Cargo.toml"))
            .args(["--locked", "check", "--config"])
            .arg(tools.root.join("deny.toml"));
        failed.extend(report(&format!("crates of {workspace}"), &mut check));
    }
    for project in projects(&tools.root)? {
        let mut audit = npm::npm(&tools, &project)?;
        // What only tests use runs on the developer's machine, which a less grave fault does not reach.
        audit.args(["audit", "--package-lock-only", "--audit-level=high"]);
        let name = project.strip_prefix(&tools.root).unwrap_or(&project);
        failed.extend(report(&format!("packages of {}", name.display()), &mut audit));
    }
    if !failed.is_empty() {
        bail!("did not pass: {}", failed.join(", "));
    }
    Ok(())
}

/// The name of the check if it fails.
fn report(name: &str, check: &mut Command) -> Option<String> {
    println!("\n== {name}");
    let error = process::run(check).err()?;
    println!("{error:#}");
    Some(name.to_owned())
}

/// Every folder with a lock file of npm.
fn projects(root: &Path) -> Result<Vec<PathBuf>> {
    let listed = process::output(
        Command::new("git")
            .args(["ls-files", "--", "package-lock.json", "*/package-lock.json"])
            .current_dir(root),
    )?;
    let mut projects = Vec::new();
    for file in listed.lines() {
        let file = root.join(file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        // A project of nothing but its own packages has nothing to ask about.
        if text.contains("\"resolved\"") || text.contains("\"integrity\"") {
            projects.extend(file.parent().map(Path::to_owned));
        }
    }
    Ok(projects)
}
