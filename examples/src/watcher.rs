//! Whoever watches: a checkout page with the signature from its backend, a phone with the one from a QR code.

use std::sync::Arc;

use transfer_status::{Client, Event, QrPayload, Transfer, Watch, WatchError};

/// What a phone does after it has scanned a code: watches the transfer that the code names.
///
/// The code holds the page's address, not the service's: the app knows that one, `client` is of it.
pub fn watch_scanned(client: &Client, scanned: &QrPayload) -> Watch {
    client.watch(scanned.transfer_id().clone(), scanned.signature().clone())
}

/// Follows a transfer to its final status; `news` sees each state as it comes. Reconnecting is the watch's matter.
///
/// # Errors
/// [`WatchError`] when the watch ended without a final status: the signature was refused, say, or has expired.
pub async fn follow(mut watch: Watch, mut news: impl FnMut(Arc<Transfer>)) -> Result<Transfer, WatchError> {
    while let Some(event) = watch.next().await {
        if let Event::Status(transfer) = event {
            news(transfer);
        }
    }
    watch.finished().await
}
