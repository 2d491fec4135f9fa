//! The native half of the phone libraries, and what is generated from it.
//!
//! The generated code is never committed. It is read out of the library that was just built, by `sdk-mobile/bindgen`,
//! and both sides compare checksums when they meet: what is used was generated from this source or does not run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::process::{self, command};
use crate::tools::Tools;

/// The crate of the border.
const PACKAGE: &str = "transfer-status-mobile";
/// The crate that generates the other half.
const BINDGEN: &str = "transfer-status-bindgen";
/// The cargo profile of what ships.
const PROFILE: &str = "mobile";

/// What the stripped library may weigh, in bytes. Most of it is TLS, HTTP and the runtime; half of it goes when an app is
/// packed.
const LIBRARY: u64 = 2_250_000;

/// What a library is built for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// The tests: fast to build, with a clock to move by hand.
    Tests,
    /// An app: small.
    Release,
    /// A bench: as for an app, with what the tests' bindings call.
    Bench,
}

/// Builds the native library for this machine and returns its file, unstripped: the bindings are read out of it.
///
/// # Errors
/// When cargo fails.
pub(crate) fn library(tools: &Tools, purpose: For) -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&tools.root);
    let folder = if purpose == For::Tests {
        cargo.args(["build", "--package", PACKAGE, "--features", "testing"]);
        "debug"
    } else {
        // With an rlib beside it, cargo would leave out the optimization at link time.
        cargo.args(["rustc", "--package", PACKAGE, "--profile", PROFILE]);
        if purpose == For::Bench {
            cargo.args(["--features", "testing"]);
        }
        cargo.args(["--crate-type", "cdylib", "--"]).args(smaller());
        PROFILE
    };
    process::run(&mut cargo)?;
    let metadata = MetadataCommand::new().current_dir(&tools.root).no_deps().exec()?;
    Ok(metadata.target_directory.join(folder).join(file_name()).into())
}

/// How the library's file is called on this machine.
pub(crate) fn file_name() -> String {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    format!("{DLL_PREFIX}transfer_status_mobile{DLL_SUFFIX}")
}

/// Prints the size of a library that is stripped, and fails when it is too large.
///
/// # Errors
/// When it is over its limit or cannot be read.
pub(crate) fn measure(library: &Path) -> Result<()> {
    let size = fs::metadata(library)
        .with_context(|| format!("cannot read {}", library.display()))?
        .len();
    println!("{:<24}{size:>10}{:>20}  raw {LIBRARY}", "native library", "");
    if size > LIBRARY {
        bail!("the native library is {size} B, its limit is {LIBRARY} B");
    }
    Ok(())
}

/// The files below `folder` whose names end in `extension`.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    Ok(files)
}

/// The bytes of those files.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn size_of(folder: &Path, extension: &str) -> Result<u64> {
    let mut size = 0;
    for file in files(folder, extension)? {
        size += fs::metadata(&file)
            .with_context(|| format!("cannot read {}", file.display()))?
            .len();
    }
    Ok(size)
}

/// What makes a library smaller that the linker of this machine is known to understand: functions that are the same
/// stand once, and relocations are packed.
fn smaller() -> &'static [&'static str] {
    if cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    )) {
        &[
            "-Clink-arg=-Wl,--icf=all",
            "-Clink-arg=-Wl,-z,pack-relative-relocs",
        ]
    } else {
        &[]
    }
}

/// Generates the half of `language` (`kotlin` or `swift`) of `library` into `folder`.
///
/// # Errors
/// When the generator fails.
pub(crate) fn bindings(tools: &Tools, language: &str, library: &Path, folder: &Path) -> Result<()> {
    let mut cargo = command(
        &tools.root,
        "cargo",
        ["run", "--quiet", "--package", BINDGEN, "--", language],
    );
    process::run(cargo.arg(library).arg(folder))
}

/// Copies `library` to `to`, without what only a debugger and the generator read.
///
/// # Errors
/// When `strip` is missing or fails.
pub(crate) fn strip(library: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    if which::which("strip").is_err() {
        bail!("`strip` is missing: install the binutils, or Xcode's command line tools");
    }
    let mut strip = Command::new("strip");
    // Apple's keeps what a dynamic library exports only when told so.
    if cfg!(target_vendor = "apple") {
        strip.arg("-x");
    }
    process::output(strip.arg("-o").arg(to).arg(library)).map(drop)
}
