//! `cargo xtask screenshots`: contact sheets of the checkout's card, in every state, for people to look at.

use std::process::Command;

use anyhow::Result;

use crate::tools::Tools;
use crate::{chromium, npm, process};

/// From the repository's root.
const GALLERY: &str = "sdk-wasm/npm/tests/browser/gallery.ts";

/// Takes the pictures, into `target/screenshots/gallery`.
///
/// # Errors
/// When there is no browser, or when something does not fit its card or is not accessible.
pub(crate) fn run() -> Result<()> {
    let tools = Tools::load()?;
    for project in [
        tools.npm_folder(),
        tools.root.join(npm::PACKAGE),
        tools.root.join(npm::BROWSER_TESTS),
    ] {
        npm::install(&tools, &project)?;
    }
    let chromium = chromium::ensure(&tools)?;
    let mut node = tools.on_path(Command::new(tools.node()?))?;
    node.arg(GALLERY)
        .current_dir(&tools.root)
        .env(chromium::VARIABLE, chromium);
    process::run(&mut node)
}
