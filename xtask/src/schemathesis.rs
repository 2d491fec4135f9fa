//! Schemathesis, which makes requests up from the API's description: from PyPI, in a folder of the cache of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::tools::Tools;

/// The variable that names the program to the test.
pub(crate) const VARIABLE: &str = "SCHEMATHESIS";

/// The program, installed where there is a Python with `venv`. `None`, after a notice, where there is none; in CI that
/// is an error.
///
/// # Errors
/// When it cannot be installed.
pub(crate) fn ensure(tools: &Tools) -> Result<Option<PathBuf>> {
    let version = &tools.pins.schemathesis;
    let folder = tools.cache.join(format!("schemathesis-{version}"));
    let program = folder.join("bin/schemathesis");
    if program.exists() {
        return Ok(Some(program));
    }
    let _lock = tools.lock()?;
    if program.exists() {
        return Ok(Some(program));
    }
    println!("setup: schemathesis {version}, from PyPI");
    let venv = process::output(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    if venv.is_err() {
        process::missing("Python 3 with venv is missing, which schemathesis needs: install python3-venv")?;
        return Ok(None);
    }
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["--quiet", "--disable-pip-version-check", "install"])
        .arg(format!("schemathesis=={version}"));
    process::run(&mut pip).with_context(|| format!("schemathesis {version} could not be installed"))?;
    Ok(Some(program))
}
