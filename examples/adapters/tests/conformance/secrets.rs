//! Signatures as stories need them, and the places that none may turn up in.

use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::changes::locked;

/// A signature in the form of PROTOCOL.md, section 5. A client takes it as text, so the MAC is made up.
pub(crate) fn signature(transfer_id: &str) -> String {
    let payload =
        json!({"transferRequestId": transfer_id, "merchantId": "merchant-7", "expiry": 4_000_000_000_u64});
    let mac: [u8; 32] = std::array::from_fn(|_| fastrand::u8(..));
    format!(
        "{}.{}",
        STANDARD.encode(payload.to_string()),
        URL_SAFE_NO_PAD.encode(mac)
    )
}

/// The secrets of one process, and where they were seen.
#[derive(Default)]
pub(crate) struct Secrets {
    needles: Mutex<Vec<String>>,
    leaks: Mutex<Vec<String>>,
}

impl Secrets {
    pub(crate) fn add(&self, signature: &str) {
        let mut needles = locked(&self.needles);
        // The MAC makes it a secret; a subprotocol has the whole of it in another encoding.
        needles.extend(signature.rsplit('.').next().map(str::to_owned));
        needles.push(URL_SAFE_NO_PAD.encode(signature));
    }

    pub(crate) fn look_into(&self, place: &str, text: &str) {
        let needles = locked(&self.needles);
        if needles.iter().any(|needle| text.contains(needle.as_str())) {
            let words: String = text.chars().take(80).collect();
            locked(&self.leaks).push(format!("a signature in {place}: {words}…"));
        }
    }

    pub(crate) fn leaks(&self) -> Vec<String> {
        locked(&self.leaks).clone()
    }
}
