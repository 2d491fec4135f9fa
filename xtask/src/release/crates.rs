//! The crates: packaged and built by cargo as crates.io would get them, compared with the last release, tried.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::trial::Trial;
use super::{PACKED, expect_paid};
use crate::features::PUBLISHED;
use crate::process::{self, command};
use crate::setup::Ready;
use crate::tools::Tools;
use crate::wasm_target::TARGET;

/// Compares the public face with that of an earlier release.
const SEMVER: &str = "cargo-semver-checks";

/// Fails when a crate would be published without what its page shows, or with what is none of it.
pub(super) fn check_lists(tools: &Tools) -> Result<()> {
    for name in PUBLISHED {
        let args = [
            "package",
            "--list",
            "--allow-dirty",
            "--offline",
            "--package",
            name,
        ];
        let list = process::output(&mut command(&tools.root, "cargo", args))?;
        for needed in ["README.md", "LICENSE", "src/lib.rs", "Cargo.toml"] {
            if !list.lines().any(|file| file == needed) {
                bail!("the crate {name} would be published without {needed}");
            }
        }
        let own = ["README.md", "LICENSE", ".cargo_vcs_info.json"];
        let stray = list
            .lines()
            .find(|file| !(file.starts_with("src/") || file.starts_with("Cargo.") || own.contains(file)));
        if let Some(stray) = stray {
            bail!("the crate {name} would be published with {stray}");
        }
    }
    Ok(())
}

/// Packages each crate, builds what was packaged, and compares it with the last release.
pub(super) fn pack(ready: &Ready, version: &str) -> Result<()> {
    let tools = &ready.tools;
    check_lists(tools)?;
    let mut cargo = command(&tools.root, "cargo", ["package", "--allow-dirty", "--quiet"]);
    for name in PUBLISHED {
        cargo.args(["--package", name]);
    }
    process::run(&mut cargo)?;
    for name in PUBLISHED {
        let file = format!("{name}-{version}.crate");
        let packed = tools.root.join("target/package").join(&file);
        fs::copy(&packed, tools.root.join(PACKED).join(&file))
            .with_context(|| format!("cargo left no {}", packed.display()))?;
    }
    compare(tools)
}

/// The public face against that of the last release, where there was one.
fn compare(tools: &Tools) -> Result<()> {
    let mut git = command(
        &tools.root,
        "git",
        ["tag", "--list", "v*", "--sort=-version:refname", "--no-contains"],
    );
    let tags = process::output(git.arg("HEAD")).unwrap_or_default();
    let Some(last) = tags.lines().next() else {
        println!("  no tag such as v0.1.0 is there: the first release breaks nobody, so nothing is compared");
        return Ok(());
    };
    println!("  compared with {last}");
    let program = semver_checks(tools)?;
    for name in PUBLISHED {
        // A crate that is new has nothing before it.
        let manifest = manifest(tools, name)?;
        let known = format!("{last}:{}", manifest.display());
        if process::output(&mut command(&tools.root, "git", ["cat-file", "-e", &known])).is_err() {
            continue;
        }
        let mut checks = Command::new(&program);
        checks
            .current_dir(&tools.root)
            .args(["semver-checks", "--package", name, "--baseline-rev", last]);
        if name == "transfer-status-wasm" {
            checks.args(["--target", TARGET]);
        }
        process::run(&mut checks)?;
    }
    Ok(())
}

/// The manifest of a published crate, from the repository's root.
fn manifest(tools: &Tools, name: &str) -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(&tools.root)
        .no_deps()
        .exec()?;
    let package = metadata.packages.iter().find(|package| package.name == name);
    let path = package.with_context(|| format!("there is no crate {name}"))?;
    let path = path.manifest_path.strip_prefix(&metadata.workspace_root)?;
    Ok(path.into())
}

/// The pinned program, installed where it is missing: it is needed for releases alone, and takes minutes to build.
fn semver_checks(tools: &Tools) -> Result<PathBuf> {
    let version = &tools.pins.release_tools.cargo_semver_checks;
    let root = tools.cache.join("cargo").join(format!("{SEMVER}-{version}"));
    let program = root.join("bin").join(SEMVER);
    if !program.exists() {
        println!("setup: cargo install {SEMVER} {version} (some minutes)");
        let mut cargo = Command::new("cargo");
        cargo
            .args([
                "install",
                "--quiet",
                "--locked",
                SEMVER,
                "--version",
                &format!("={version}"),
                "--root",
            ])
            .arg(&root)
            .current_dir(&tools.cache);
        process::run(&mut cargo)?;
    }
    Ok(program)
}

/// A shop's backend, with tests of its own, and a front end: each on the packed crates alone.
pub(super) fn try_out(ready: &Ready, trial: &Trial) -> Result<()> {
    let tools = &ready.tools;
    let folder = trial.project("rust")?;
    patch(tools, &folder, &trial.version)?;
    let cargo = |word: &str| {
        let mut cargo = Command::new("cargo");
        cargo.args([word, "--quiet"]).current_dir(&folder);
        // Its dependencies are built once; the packed crates each time.
        cargo.env("CARGO_TARGET_DIR", tools.root.join("target/release-trial"));
        cargo
    };
    process::output(&mut cargo("test"))?;
    let told = trial.output(&mut cargo("run"))?;
    expect_paid("rust", &told)?;

    let folder = trial.project("front-end")?;
    patch(tools, &folder, &trial.version)?;
    let mut cargo = ready.wasm.command(tools, "cargo");
    cargo
        .args(["build", "--quiet", "--target", TARGET])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", tools.root.join("target/release-trial-wasm"));
    process::output(&mut cargo)?;
    println!("  front-end: built for {TARGET}");
    Ok(())
}

/// Unpacks the crates beside the project, and lets it find them in place of crates.io's.
fn patch(tools: &Tools, folder: &Path, version: &str) -> Result<()> {
    let mut patch = String::from("\n[patch.crates-io]\n");
    for name in PUBLISHED {
        let file = tools.root.join(PACKED).join(format!("{name}-{version}.crate"));
        let mut tar = command(folder, "tar", ["-xzf"]);
        process::output(tar.arg(&file))?;
        patch.push_str(&format!("{name} = {{ path = \"{name}-{version}\" }}\n"));
    }
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)? + &patch;
    fs::write(&manifest, text).with_context(|| format!("cannot write {}", manifest.display()))
}
