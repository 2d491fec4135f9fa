//! The npm projects of the repository: installed when their lock file has changed, run with the pinned Node.js.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::build;
use crate::process;
use crate::setup::Ready;
use crate::tools::Tools;

/// Projects with tests of their own, from the repository's root.
const PROJECTS: [&str; 4] = [
    "sdk-wasm/npm",
    "examples/checkout",
    "sdk-wasm/npm/tests/browser",
    "server-worker/api-tests",
];
/// Projects that the packed package is tried in.
const FIXTURES: &str = "sdk-wasm/npm/tests/packaging/fixtures";
/// What npm reads of a project before it installs it.
const MANIFEST: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// The npm package, from the repository's root.
pub(crate) const PACKAGE: &str = "sdk-wasm/npm";
/// The example's pages, which use the package.
pub(crate) const CHECKOUT: &str = "examples/checkout";
/// The example's shop on Node.js.
const NODE_SHOP: &str = "examples/backends/node";
/// The tests of both in a browser.
pub(crate) const BROWSER_TESTS: &str = "sdk-wasm/npm/tests/browser";

/// Installs what the projects with tests need, silent when all is there.
///
/// # Errors
/// When npm is missing, or cannot install something.
pub(crate) fn install_projects(tools: &Tools) -> Result<()> {
    for project in PROJECTS {
        install(tools, &tools.root.join(project))?;
    }
    let fixtures = tools.root.join(FIXTURES);
    for fixture in fs::read_dir(&fixtures).with_context(|| format!("cannot read {}", fixtures.display()))? {
        let fixture = fixture?;
        if fixture.path().join("package-lock.json").exists() {
            let copy = tools.root.join("target/packaging").join(fixture.file_name());
            fs::create_dir_all(&copy).with_context(|| format!("cannot make {}", copy.display()))?;
            for file in MANIFEST {
                fs::copy(fixture.path().join(file), copy.join(file))
                    .with_context(|| format!("cannot copy {file} of {}", fixture.path().display()))?;
            }
            install(tools, &copy)?;
        }
    }
    Ok(())
}

/// Installs what `folder`'s lock file names, unless that very lock file has been carried out already.
///
/// # Errors
/// When the lock file or npm is missing, or npm fails.
pub(crate) fn install(tools: &Tools, folder: &Path) -> Result<()> {
    let lock_file = folder.join("package-lock.json");
    let wanted = fs::read(&lock_file).with_context(|| format!("cannot read {}", lock_file.display()))?;
    // The copy of the lock file that npm has carried out sits beside what it installed.
    let stamp = folder.join("node_modules/.installed-lock.json");
    if is_same(&stamp, &wanted) {
        return Ok(());
    }
    let _lock = lock(tools)?;
    if is_same(&stamp, &wanted) {
        return Ok(());
    }
    println!(
        "setup: npm ci in {}",
        folder.strip_prefix(&tools.root).unwrap_or(folder).display()
    );
    // None of the packages needs its install script, and newer npm blocks them unless approved.
    let mut npm = npm(tools, folder)?;
    npm.args(["ci", "--ignore-scripts", "--loglevel=error"]);
    process::output(&mut npm)
        .with_context(|| format!("what {} names could not be installed", lock_file.display()))?;
    fs::write(stamp, wanted)?;
    Ok(())
}

fn is_same(file: &Path, wanted: &[u8]) -> bool {
    fs::read(file).is_ok_and(|found| found == wanted)
}

/// One installation at a time in one clone.
fn lock(tools: &Tools) -> Result<File> {
    let folder = tools.root.join("target");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = File::create(folder.join(".npm-lock"))?;
    file.lock()?;
    Ok(file)
}

/// `npm` in `folder`, on the pinned Node.js.
///
/// # Errors
/// When npm is missing.
pub(crate) fn npm(tools: &Tools, folder: &Path) -> Result<Command> {
    let Ok(npm) = which::which("npm") else {
        bail!("npm is missing: install Node.js with npm, then try again");
    };
    let mut npm = tools.on_path(Command::new(npm))?;
    npm.current_dir(folder);
    Ok(npm)
}

/// `npm run script` in the project `folder`, a path from the repository's root.
///
/// # Errors
/// When npm is missing.
pub(crate) fn script(tools: &Tools, folder: &str, script: &str) -> Result<Command> {
    let mut npm = npm(tools, &tools.root.join(folder))?;
    npm.args(["run", "--silent", script]);
    Ok(npm)
}

/// Builds the npm package and returns its folder.
///
/// # Errors
/// When a build step fails.
pub(crate) fn build(ready: &Ready) -> Result<PathBuf> {
    let tools = &ready.tools;
    let folder = tools.root.join(PACKAGE);
    install(tools, &folder)?;
    let session = build::session(ready)?;
    let _lock = lock(tools)?;
    let stamp = tools.root.join("target/npm.stamp");
    let digest = || digest(&folder, &session);
    if fs::read_to_string(&stamp).is_ok_and(|found| digest().is_ok_and(|now| found == now)) {
        return Ok(folder);
    }
    let mut npm = script(tools, PACKAGE, "build")?;
    process::run(npm.env("SESSION_WASM", &session))?;
    fs::write(&stamp, digest()?).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(folder)
}

/// Builds the package and the example's pages on it; returns the folder that a shop serves.
///
/// # Errors
/// When a build step fails.
pub(crate) fn build_checkout(ready: &Ready) -> Result<PathBuf> {
    build(ready)?;
    let folder = ready.tools.root.join(CHECKOUT);
    install(&ready.tools, &folder)?;
    process::run(&mut script(&ready.tools, CHECKOUT, "build")?)?;
    Ok(folder.join("dist"))
}

/// Builds the package and puts it where the Node.js shop looks for it; returns the shop's program.
///
/// # Errors
/// When the build fails, or the link cannot be made.
pub(crate) fn build_node_shop(ready: &Ready) -> Result<PathBuf> {
    build(ready)?;
    let shop = ready.tools.root.join(NODE_SHOP);
    let scope = shop.join("node_modules/@transfer-status");
    fs::create_dir_all(&scope).with_context(|| format!("cannot make {}", scope.display()))?;
    // The package has no dependencies, so a link is as good as an installation, and is never old.
    let link = scope.join("client");
    if !link.exists() {
        symlink(ready.tools.root.join(PACKAGE), &link)
            .with_context(|| format!("cannot make {}", link.display()))?;
    }
    Ok(shop.join("shop.mjs"))
}

/// Of all that the package is made from, and of what was made: a `dist` that somebody else has built is built again.
fn digest(folder: &Path, session: &Path) -> Result<String> {
    let mut files = vec![session.to_owned()];
    for name in [
        "package-lock.json",
        "package.json",
        "build.mjs",
        "build-checkout.mjs",
        "tsconfig.json",
    ] {
        files.push(folder.join(name));
    }
    for name in ["src", "dist"] {
        let mut found = files_in(&folder.join(name))?;
        found.sort();
        files.append(&mut found);
    }
    let mut digest = Sha256::new();
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        digest.update(file.to_string_lossy().as_bytes());
        digest.update(bytes.len().to_le_bytes());
        digest.update(bytes);
    }
    Ok(digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// All files in `folder` and below.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.append(&mut files_in(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}
