//! Firefox and WebKit, which the package's tests run in beside Chromium: the distribution's own, where it has them.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::debian;
use crate::process;
use crate::tools::Tools;

/// The variables that name the programs; the tests read them too, and leave a browser out that has none.
const FIREFOX: &str = "FIREFOX";
const WEBKIT_DRIVER: &str = "WEBKIT_DRIVER";

/// What is found on this machine.
pub(crate) struct Browsers {
    /// Variable to program.
    found: Vec<(&'static str, PathBuf)>,
}

impl Browsers {
    /// The browsers, installed where the distribution has them. One that is missing is told; in CI that is an error.
    ///
    /// # Errors
    /// When the packages cannot be installed, or in CI a browser is missing.
    pub(crate) fn ensure(tools: &Tools) -> Result<Self> {
        let browsers = Self::find();
        if browsers.are_all() {
            return Ok(browsers);
        }
        let packages = &tools.pins.debian_browser_packages;
        if which::which("apt-get").is_ok() {
            let _lock = tools.lock()?;
            debian::install(packages).with_context(|| {
                format!(
                    "Firefox and WebKit could not be installed: install {}",
                    packages.join(" ")
                )
            })?;
        }
        let browsers = Self::find();
        if !browsers.are_all() {
            process::missing(&format!(
                "Firefox or WebKitGTK is missing, and the tests in it are left out: install what Debian calls {}, or name the programs in {FIREFOX} and {WEBKIT_DRIVER}",
                packages.join(" ")
            ))?;
        }
        Ok(browsers)
    }

    fn find() -> Self {
        let firefox = program(FIREFOX, &["firefox-esr", "firefox"]);
        // The driver is of no use without a display, and here that is Xvfb.
        let webkit = program(WEBKIT_DRIVER, &["WebKitWebDriver"]).filter(|_| which::which("Xvfb").is_ok());
        let all = [(FIREFOX, firefox), (WEBKIT_DRIVER, webkit)];
        let found = all
            .into_iter()
            .filter_map(|(name, program)| Some((name, program?)));
        Self {
            found: found.collect(),
        }
    }

    fn are_all(&self) -> bool {
        self.found.len() == 2
    }

    /// Tells a test where they are.
    pub(crate) fn with(&self, command: &mut Command) {
        command.env_remove(FIREFOX).env_remove(WEBKIT_DRIVER);
        command.envs(self.found.iter().map(|(name, program)| (name, program)));
    }

    /// Where they are, for people.
    pub(crate) fn places(&self) -> String {
        let places = self
            .found
            .iter()
            .map(|(_, program)| program.display().to_string());
        places.collect::<Vec<_>>().join(", ")
    }
}

fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(given) = env::var_os(variable).filter(|given| !given.is_empty()) {
        return Some(PathBuf::from(given)).filter(|given| given.exists());
    }
    names.iter().find_map(|name| which::which(name).ok())
}
