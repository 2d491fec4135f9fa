//! The archive: each transfer that is final or has gone quiet, with its timeline, under `t/<id>` in the KV namespace
//! `HISTORY`.
//!
//! A room writes it and nobody else. It outlives the room and ends by itself after `HISTORY_TTL_DAYS`. KV lags, remembers
//! for a minute what it has read, also that there was nothing, and may be away: nothing here is taken for more than a copy.

use transfer_status_protocol::TransferId;
use worker::Env;
use worker::js_sys::{JSON, Promise};
use worker::wasm_bindgen::JsValue;

use crate::domain::record::{Copy, Record};
use crate::error::ApiError;
use crate::platform::{bindings, deadline};

/// How long a read may keep somebody waiting, in milliseconds.
pub(crate) const READ_WITHIN_MS: i32 = 5_000;
/// How long an update waits to learn whether the archive knows the transfer.
pub(crate) const UPDATE_WAITS_MS: i32 = 1_000;
/// How long a write or a deletion may take.
const WRITE_WITHIN_MS: i32 = 10_000;

/// Reads a transfer back; `None` when it is not archived.
///
/// # Errors
/// [`ApiError::Unreachable`], within `limit_ms`: a transfer that cannot be looked up is not an unknown one.
pub(crate) async fn get(env: &Env, id: &TransferId, limit_ms: i32) -> Result<Option<Copy>, ApiError> {
    match text(env, id, limit_ms).await? {
        None => Ok(None),
        Some(text) => match Record::from_archive(&text) {
            Some(copy) => Ok(Some(copy)),
            None => Err(ApiError::Internal {
                cause: "the archive holds something else under this transfer's id".into(),
            }),
        },
    }
}

/// What stands there under a transfer's id, as it stands there.
///
/// # Errors
/// [`ApiError::Unreachable`], within `limit_ms`.
pub(crate) async fn text(env: &Env, id: &TransferId, limit_ms: i32) -> Result<Option<String>, ApiError> {
    let found = deadline::within(limit_ms, bindings::history(env)?.get(&key(id))).await?;
    Ok(found.as_string())
}

/// Writes a transfer as of `now_unix_millis`; `is_listed` tells whoever reads it back that the recent index has it too.
///
/// # Errors
/// [`ApiError::Unreachable`]: it may have been written all the same, or yet be.
pub(crate) async fn put(
    env: &Env,
    record: &Record,
    ttl_seconds: u64,
    now_unix_millis: i64,
    is_listed: bool,
) -> Result<(), ApiError> {
    let text = record.archive(now_unix_millis, is_listed);
    deadline::within(WRITE_WITHIN_MS, begin_put(env, record, ttl_seconds, &text)).await?;
    Ok(())
}

fn begin_put(env: &Env, record: &Record, ttl_seconds: u64, text: &str) -> Result<Promise, JsValue> {
    let options = format!(
        r#"{{"expirationTtl":{ttl_seconds},"metadata":{{"version":{},"status":{},"final":{}}}}}"#,
        record.version(),
        serde_json::to_string(record.transfer.status.as_str()).unwrap_or_default(),
        record.transfer.status.is_final(),
    );
    let history = bindings::history(env).map_err(|error| JsValue::from_str(&error.to_string()))?;
    history.put(&key(&record.transfer.id), text, &JSON::parse(&options)?)
}

/// Deletes a transfer.
///
/// # Errors
/// [`ApiError::Unreachable`]: it may have been deleted all the same, or yet be.
pub(crate) async fn delete(env: &Env, id: &TransferId) -> Result<(), ApiError> {
    deadline::within(WRITE_WITHIN_MS, bindings::history(env)?.delete(&key(id))).await?;
    Ok(())
}

fn key(id: &TransferId) -> String {
    format!("t/{id}")
}
