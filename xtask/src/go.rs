//! Programs in Go, compiled from Go's module proxy into the cache.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::tools::Tools;

/// Compiles `package`, with its version, into `folder`. A build that is cut short never gets that name.
///
/// # Errors
/// When `go` cannot be started, or cannot build it.
pub(crate) fn install(
    tools: &Tools,
    go: impl AsRef<OsStr>,
    flags: &[&str],
    package: &str,
    folder: &Path,
) -> Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.with_file_name(format!("{name}.draft"));
    fs::create_dir_all(&draft).with_context(|| format!("cannot make {}", draft.display()))?;
    let mut install = Command::new(go);
    install
        .arg("install")
        .args(flags)
        .arg(package)
        .env("GOBIN", &draft)
        // No C compiler is asked for.
        .env("CGO_ENABLED", "0")
        .current_dir(&tools.cache);
    process::run(&mut install).with_context(|| format!("{package} could not be built"))?;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::rename(&draft, folder).with_context(|| format!("cannot make {}", folder.display()))
}
