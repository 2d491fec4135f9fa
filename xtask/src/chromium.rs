//! The browser of the tests: the machine's own Chromium or Chrome, installed from the distribution where that can be.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::tools::Tools;

/// The variable that names another browser than the machine's own; the tests read it too.
pub(crate) const VARIABLE: &str = "CHROMIUM";

/// What it is called on a PATH, and where it is on macOS.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const PLACES: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/// The browser's program.
///
/// # Errors
/// When there is none and the distribution has none either; the error says what to install.
pub(crate) fn ensure(tools: &Tools) -> Result<PathBuf> {
    if let Some(given) = env::var_os(VARIABLE).filter(|given| !given.is_empty()) {
        let given = PathBuf::from(given);
        if !given.exists() {
            bail!(
                "{VARIABLE} names {}, and there is no such program",
                given.display()
            );
        }
        return Ok(given);
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    let by_hand = format!("install Chromium or Google Chrome, or name its program in {VARIABLE}");
    if which::which("apt-get").is_err() {
        bail!("no browser for the tests: {by_hand}");
    }
    debian::install(&tools.pins.debian_test_packages).with_context(|| by_hand.clone())?;
    find().with_context(|| format!("the packages brought no browser: {by_hand}"))
}

/// The browser that the machine has.
pub(crate) fn find() -> Option<PathBuf> {
    let on_path = NAMES.iter().find_map(|name| which::which(name).ok());
    on_path.or_else(|| {
        PLACES
            .iter()
            .map(Path::new)
            .find(|place| place.exists())
            .map(Path::to_owned)
    })
}
