//! `POST /scan`: whoever holds the transfer's signature tells the watchers that the code was scanned.

use transfer_status_protocol::{DecodeError, TransferId, json};
use worker::Env;
use worker::web_sys::Response;

use crate::clock::now_unix_seconds;
use crate::config::Config;
use crate::domain::view::View;
use crate::edge::body;
use crate::edge::legacy;
use crate::edge::proof;
use crate::edge::request::Incoming;
use crate::error::ApiError;
use crate::room::client;

/// Two short fields.
const MAX_SCAN_BYTES: usize = 4 * 1024;

/// Answers with what the watchers were told, and how many there were.
pub(crate) async fn post(incoming: &Incoming<'_>, env: &Env, config: &Config) -> Result<Response, ApiError> {
    let authorization = incoming.header("authorization");
    let signature = match proof::signature(authorization.as_deref(), incoming.target()) {
        Err(ApiError::NoSignature) if config.legacy.api => {
            return legacy::scan(incoming, env, config, true).await;
        }
        signature => signature?,
    };
    let body = body::read(incoming, MAX_SCAN_BYTES).await?;
    // The proof is of one transfer, which the body names: it has to be read first.
    let (transfer_id, scanned) = read(&body).map_err(|_| ApiError::BadScan)?;
    proof::subscription(config, &signature, &transfer_id, now_unix_seconds())?;
    client::scan(env, &transfer_id, scanned, View::Current).await
}

fn read(body: &[u8]) -> Result<(TransferId, bool), DecodeError> {
    let [transfer_id, scanned] = body::fields(body, ["transferId", "scanned"])?;
    Ok((
        json::required(transfer_id, "transferId", "a transfer's id")?,
        json::required(scanned, "scanned", "true or false")?,
    ))
}
