//! `cargo xtask features`: each feature of what others build on, compiled and linted alone.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use crate::process;
use crate::tools::Tools;

/// The crates that others build on, each after those that it needs.
pub(crate) const PUBLISHED: [&str; 4] = [
    "transfer-status-protocol",
    "transfer-status",
    "transfer-status-testing",
    "transfer-status-wasm",
];

/// Features that say something only beside another.
const TOGETHER: [(&str, &str); 3] = [
    ("transfer-status", "client,webpki-roots,ring"),
    ("transfer-status", "client,native-roots,aws-lc-rs"),
    ("transfer-status", "publisher,platform-verifier,ring"),
];

/// Lints each crate with no feature, and with each one alone: what is only used together with another feature is an
/// error there. `cargo hack` does as much; this needs no tool that has to be built first.
pub(crate) fn run() -> Result<()> {
    let root = Tools::load()?.root;
    let metadata = MetadataCommand::new().current_dir(&root).no_deps().exec()?;
    for name in PUBLISHED {
        let package = metadata
            .packages
            .iter()
            .find(|package| package.name == name)
            .with_context(|| format!("there is no crate {name}"))?;
        lint(&root, name, None)?;
        // A name with an underscore in front is what features share, and not for users.
        for feature in package
            .features
            .keys()
            .filter(|feature| !feature.starts_with('_'))
        {
            lint(&root, name, Some(feature))?;
        }
    }
    for (name, features) in TOGETHER {
        lint(&root, name, Some(features))?;
    }
    Ok(())
}

fn lint(root: &Path, package: &str, feature: Option<&str>) -> Result<()> {
    println!("features: {package}, {}", feature.unwrap_or("none"));
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(root)
        .args(["clippy", "--quiet", "--package", package, "--no-default-features"])
        .args(feature.into_iter().flat_map(|feature| ["--features", feature]))
        .args(["--", "-D", "warnings"]);
    process::run(&mut cargo)
}
