//! `cargo xtask demo --open`: the pages of the checkout in a browser, a person moves the payment.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Result, bail};

use super::{LOOK, Running, start};

/// Serves `pages` with the demo's bank by `shop`, until it is asked to stop.
pub(super) fn run(
    shop: &mut Command,
    pages: &Path,
    server: &mut Running,
    asked_to_stop: &AtomicBool,
) -> Result<()> {
    shop.envs([
        ("LISTEN", "127.0.0.1:0"),
        ("DEMO_BANK", "on"),
        ("MERCHANT_ID", "corner-coffee"),
    ]);
    // Settings that the user may have made for another shop.
    shop.envs([
        ("PAGE_URL", ""),
        ("ALLOWED_ORIGINS", ""),
        ("SIGNATURE_TTL_SECONDS", ""),
    ]);
    shop.env("CHECKOUT_DIR", pages);
    let (mut shop, url) = start(shop, "the shop", asked_to_stop)?;
    let demo = format!("{url}/demo");
    println!("checkout      the shop's page is at {url}/");
    println!("demo          shop, phone and bank side by side at {demo}");
    println!("              Ctrl-C ends it");
    show(&demo);
    while !asked_to_stop.load(Ordering::Relaxed) {
        for (name, program) in [("the shop", &mut shop), ("the server", &mut *server)] {
            if let Some(status) = program.0.try_wait()? {
                bail!("{name} ended in the middle of the demo ({status})");
            }
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

/// Opens the page where there is a desktop; elsewhere the printed address has to do.
fn show(url: &str) {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if set("DISPLAY") || set("WAYLAND_DISPLAY") {
        "xdg-open"
    } else {
        return;
    };
    let quiet = || Stdio::null();
    let _ = Command::new(opener)
        .arg(url)
        .stdin(quiet())
        .stdout(quiet())
        .stderr(quiet())
        .spawn();
}
