//! Toxiproxy, the fault proxy that other projects' clients are tested by: from Go's module proxy, in a folder of the cache of
//! its own.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::tools::Tools;
use crate::{backends, go, process};

/// The variable that names the program to the tests.
pub(crate) const VARIABLE: &str = "TOXIPROXY";
/// Its package, which is also its program's name in the last part.
const PACKAGE: &str = "github.com/Shopify/toxiproxy/v2/cmd/server";

/// The program, compiled where there is Go. `None`, after a notice, where there is none; in CI that is an error.
///
/// # Errors
/// When it cannot be installed.
pub(crate) fn ensure(tools: &Tools) -> Result<Option<PathBuf>> {
    let version = &tools.pins.toxiproxy;
    let folder = tools.cache.join(format!("toxiproxy-{version}"));
    let program = folder.join("server");
    if program.exists() {
        return Ok(Some(program));
    }
    let pinned = tools.pins.backend_tools.get("Go");
    let pinned = pinned.context("xtask/tools/package.json has no Go in backendTools")?;
    if !backends::is_there(tools, pinned)? {
        process::missing("Go is missing, which Toxiproxy is compiled with: install `go`")?;
        return Ok(None);
    }
    let _lock = tools.lock()?;
    if program.exists() {
        return Ok(Some(program));
    }
    println!("setup: Toxiproxy {version}, from Go's module proxy");
    let package = format!("{PACKAGE}@v{version}");
    go::install(tools, &pinned.program, &["-trimpath"], &package, &folder)?;
    Ok(Some(program))
}
