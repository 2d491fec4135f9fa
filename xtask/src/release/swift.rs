//! The Swift package: exported as the release's repository has it, and tried from there by its path.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::trial::Trial;
use super::{PACKED, expect_paid};
use crate::mobile::For;
use crate::process;
use crate::swift::Swift;
use crate::swift_package;
use crate::tools::Tools;

/// What stands for the framework's address here; it is looked at on Apple's platforms only.
const FRAMEWORK: [&str; 2] = [
    "https://example.com/TransferStatusFFI.xcframework.zip",
    "0000000000000000000000000000000000000000000000000000000000000000",
];

/// Exports the package.
pub(super) fn pack(tools: &Tools) -> Result<()> {
    if Swift::ensure(tools)?.is_none() {
        return Ok(());
    }
    swift_package::prepare(tools, For::Tests)?;
    let folder = exported(tools);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut export = std::process::Command::new(tools.root.join("sdk-mobile/swift/export.sh"));
    process::output(export.arg(&folder).args(FRAMEWORK))?;
    println!("  {}", folder.display());
    Ok(())
}

/// A program that scans a code and follows the payment, on the exported package alone. Linux has no XCFrameworks, so
/// there it links the library of this machine.
pub(super) fn try_out(tools: &Tools, trial: &Trial) -> Result<()> {
    let Some(swift) = Swift::ensure(tools)? else {
        return Ok(());
    };
    let folder = trial.project("swift")?;
    super::trial::copy(&exported(tools), &folder.join("TransferStatus"))?;
    let mut build = swift.command(tools, "swift", &folder)?;
    build
        .arg("build")
        .env("TRANSFER_STATUS_LIBRARY", tools.root.join("target/debug"));
    process::output(&mut build)?;
    let mut words = swift.runner();
    words.push(folder.join(".build/debug/consumer").display().to_string());
    let mut program = std::process::Command::new(words.remove(0));
    expect_paid("swift", &trial.scan(tools, program.args(words))?)
}

fn exported(tools: &Tools) -> PathBuf {
    tools.root.join(PACKED).join("swift")
}
