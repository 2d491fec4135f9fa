//! Centrifugo, which the bench measures beside the server: built from the Go module proxy, once for each version.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::tools::Tools;

/// The variable that names its program to the bench.
pub(crate) const VARIABLE: &str = "CENTRIFUGO";

/// Whether there is a Go to build it with.
pub(crate) fn can_be_built() -> bool {
    which::which("go").is_ok()
}

/// The program, built where it is not there yet.
///
/// # Errors
/// When Go is missing or cannot build it.
pub(crate) fn ensure(tools: &Tools) -> Result<PathBuf> {
    let version = &tools.pins.bench_tools.centrifugo;
    let folder = tools.cache.join("go").join(format!("centrifugo-{version}"));
    let program = folder.join("centrifugo");
    if program.exists() {
        return Ok(program);
    }
    let _lock = tools.lock()?;
    if program.exists() {
        return Ok(program);
    }
    let go = which::which("go")
        .context("Go is missing: install it (https://go.dev/dl), or leave --centrifugo out")?;
    println!("setup: go install centrifugo {version} (some minutes)");
    // A build that is cut short never gets the final name.
    let draft = tools.cache.join("go").join(format!("centrifugo-{version}.draft"));
    fs::create_dir_all(&draft).with_context(|| format!("cannot make {}", draft.display()))?;
    let major = version.split('.').next().unwrap_or_default();
    let module = format!("github.com/centrifugal/centrifugo/v{major}");
    let mut install = Command::new(go);
    install
        .arg("install")
        // As its own releases are made.
        .arg(format!(
            "-ldflags=-s -w -X {module}/internal/build.Version={version}"
        ))
        .arg(format!("{module}@v{version}"))
        .env("GOBIN", &draft)
        .env("CGO_ENABLED", "0")
        .current_dir(&tools.cache);
    process::run(&mut install).with_context(|| format!("Centrifugo {version} could not be built"))?;
    fs::rename(&draft, &folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(program)
}
