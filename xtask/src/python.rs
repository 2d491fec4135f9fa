//! Tools of the tests that come from PyPI, each in a folder of the cache of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::tools::Tools;

/// A tool by its name on PyPI, which is its program's too; `pythonTools` of `xtask/tools/package.json` pins the version.
#[derive(Clone, Copy)]
pub(crate) enum Tool {
    /// Makes requests up from the API's description.
    Schemathesis,
    /// Serves the cases of Autobahn|Testsuite to a WebSocket client.
    Kosoku,
}

impl Tool {
    /// Every one.
    pub(crate) const ALL: [Self; 2] = [Self::Schemathesis, Self::Kosoku];

    fn name(self) -> &'static str {
        match self {
            Self::Schemathesis => "schemathesis",
            Self::Kosoku => "kosoku",
        }
    }

    /// Names the program to what `command` runs, where there is one.
    ///
    /// # Errors
    /// When it cannot be installed.
    pub(crate) fn with(self, tools: &Tools, command: &mut Command) -> Result<()> {
        if let Some(program) = self.ensure(tools)? {
            command.env(self.name().to_uppercase(), program);
        }
        Ok(())
    }

    /// The program, installed where there is a Python with `venv`. `None`, after a notice, where there is none; in CI that
    /// is an error.
    ///
    /// # Errors
    /// When it cannot be installed.
    pub(crate) fn ensure(self, tools: &Tools) -> Result<Option<PathBuf>> {
        let name = self.name();
        let version = tools.pins.python_tools.get(name);
        let version = version.with_context(|| format!("xtask/tools/package.json pins no {name}"))?;
        let folder = tools.cache.join(format!("{name}-{version}"));
        let program = folder.join("bin").join(name);
        if program.exists() {
            return Ok(Some(program));
        }
        let _lock = tools.lock()?;
        if program.exists() {
            return Ok(Some(program));
        }
        println!("setup: {name} {version}, from PyPI");
        let venv = process::output(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        if venv.is_err() {
            let missing = format!("Python 3 with venv is missing, which {name} needs: install python3-venv");
            process::missing(&missing)?;
            return Ok(None);
        }
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args(["--quiet", "--disable-pip-version-check", "install"])
            .arg(format!("{name}=={version}"));
        process::run(&mut pip).with_context(|| format!("{name} {version} could not be installed"))?;
        Ok(Some(program))
    }
}
