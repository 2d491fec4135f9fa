//! Centrifugo, which the bench measures beside the server: built from the Go module proxy, once for each version.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::go;
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
    let program_of_go = which::which("go")
        .context("Go is missing: install it (https://go.dev/dl), or leave --centrifugo out")?;
    println!("setup: go install centrifugo {version} (some minutes)");
    let major = version.split('.').next().unwrap_or_default();
    let module = format!("github.com/centrifugal/centrifugo/v{major}");
    // As its own releases are made.
    let named = format!("-ldflags=-s -w -X {module}/internal/build.Version={version}");
    go::install(
        tools,
        program_of_go,
        &[&named],
        &format!("{module}@v{version}"),
        &folder,
    )?;
    Ok(program)
}
