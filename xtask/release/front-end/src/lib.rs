//! Follows a payment in a page, by the published crate.

use transfer_status_wasm::{Client, QrPayload};
use wasm_bindgen::prelude::wasm_bindgen;

/// The final status of the payment that the code is about.
#[wasm_bindgen]
pub async fn follow(code: String) -> Option<String> {
    let code: QrPayload = code.parse().ok()?;
    let client = Client::builder("https://status.example.com").build().ok()?;
    let mut watch = client.watch_qr(&code).start();
    let mut last = None;
    while let Some(transfer) = watch.next_status().await {
        last = Some(transfer.status.to_string());
    }
    last
}
