//! The languages of `examples/backends`: each is tested where its compiler or interpreter is.

use anyhow::Result;

use crate::debian;
use crate::process;
use crate::tools::{BackendTool, Tools};

/// Says which languages the tests may use.
pub(crate) const VARIABLE: &str = "TRANSFER_STATUS_BACKENDS";
/// The tests, from the repository's root.
pub(crate) const TESTS: &str = "examples/backends/tests";

/// Installs what is missing where the distribution has it, and gives the names of the languages that can be used.
/// With the variable `CI`, one that cannot be is an error.
///
/// # Errors
/// When something cannot be installed, or in CI is missing.
pub(crate) fn ensure(tools: &Tools) -> Result<Vec<String>> {
    let mut ready = Vec::new();
    for (language, backend) in &tools.pins.backend_tools {
        if is_there(tools, backend)? {
            ready.push(language.clone());
        } else {
            process::missing(&format!(
                "for the backend in {language}, install `{}`",
                backend.program
            ))?;
        }
    }
    Ok(ready)
}

/// Whether the language's program is there, installed where it is missing and the distribution has it.
///
/// # Errors
/// When the cache cannot be locked.
pub(crate) fn is_there(tools: &Tools, backend: &BackendTool) -> Result<bool> {
    let is_there = || which::which(&backend.program).is_ok();
    if !is_there() && which::which("apt-get").is_ok() {
        let _lock = tools.lock()?;
        // Where it cannot be installed, the caller says what is left out.
        if let Err(error) = debian::install(std::slice::from_ref(&backend.debian_package)) {
            println!("setup: {error:#}");
        }
    }
    Ok(is_there())
}
