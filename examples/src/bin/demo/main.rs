//! One payment from end to end, against a running server.
//!
//! Starts the shop's backend as a process of its own, creates a transfer request over HTTP, draws its QR code, lets a
//! phone read it, and moves the payment through its statuses while page and phone watch. `cargo xtask demo` starts
//! the server and then this. Settings: `TRANSFER_STATUS_URL`, `HMAC_SECRET`, and `SUBSCRIBE_HMAC_SECRET` if the server
//! has one; `TRANSFER_STATUS_PHONES`, a JSON object of scanners that stand for phones, name to command line,
//! and with them `TRANSFER_STATUS_CAMERA`, a JSON array, the command line that has the shop's page show its answer on stdin
//! and takes a picture; `TRANSFER_STATUS_SHOP`, a JSON array, the command line of another shop's backend.

mod camera;
mod shop;
mod story;
mod style;
mod timeline;
mod watcher;

use std::collections::BTreeMap;
use std::env;
use std::process::ExitCode;

use anyhow::Context;
use transfer_status_examples::signal::asked_to_stop;

/// What a shell gives to a program that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    // Dropping the story ends the shop's process and both watches.
    tokio::select! {
        told = run() => match told {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("demo: FAILED: {error:#}");
                ExitCode::FAILURE
            }
        },
        _ = asked_to_stop() => {
            eprintln!("demo: stopped");
            ExitCode::from(INTERRUPTED)
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let secret = env::var("HMAC_SECRET").context("HMAC_SECRET is not set; give it the server's")?;
    let phones = match env::var("TRANSFER_STATUS_PHONES") {
        Ok(phones) => {
            serde_json::from_str(&phones).context("TRANSFER_STATUS_PHONES: not names with command lines")?
        }
        Err(_) => BTreeMap::new(),
    };
    let shop = match env::var("TRANSFER_STATUS_SHOP") {
        Ok(shop) => serde_json::from_str(&shop).context("TRANSFER_STATUS_SHOP: not a command line")?,
        Err(_) => Vec::new(),
    };
    let camera = match env::var("TRANSFER_STATUS_CAMERA") {
        Ok(camera) => serde_json::from_str(&camera).context("TRANSFER_STATUS_CAMERA: not a command line")?,
        Err(_) => Vec::new(),
    };
    let settings = story::Settings {
        url: env::var("TRANSFER_STATUS_URL").unwrap_or_else(|_| "http://127.0.0.1:8787".to_owned()),
        subscribe_secret: env::var("SUBSCRIBE_HMAC_SECRET").unwrap_or_else(|_| secret.clone()),
        secret,
        phones,
        camera,
        shop,
    };
    story::tell(&settings).await
}
