//! The archive: each final transfer with its timeline under `t/<id>` in the KV namespace `HISTORY`.
//!
//! A room writes it and nobody else; once final an entry is never another. It outlives the room and ends
//! by itself after `HISTORY_TTL_DAYS`.

use transfer_status_protocol::TransferId;
use worker::Env;
use worker::js_sys::{JSON, Promise};
use worker::wasm_bindgen::JsValue;

use crate::domain::record::Record;
use crate::error::ApiError;
use crate::platform::bindings;

/// Reads a transfer back; `None` when it is not archived.
///
/// # Errors
/// [`ApiError::Unreachable`]: a transfer that cannot be looked up is not an unknown one.
pub(crate) async fn get(env: &Env, id: &TransferId) -> Result<Option<Record>, ApiError> {
    let found = bindings::resolve(bindings::history(env)?.get(&key(id))).await?;
    match found.as_string() {
        None => Ok(None),
        Some(text) => match Record::from_archive(&text) {
            Some(record) => Ok(Some(record)),
            None => Err(ApiError::Internal {
                cause: "the archive holds something else under this transfer's id".into(),
            }),
        },
    }
}

/// Begins to write a transfer; to be awaited by [`bindings::resolve`].
pub(crate) fn put(env: &Env, record: &Record, ttl_seconds: u64) -> Result<Promise, JsValue> {
    let options = format!(
        r#"{{"expirationTtl":{ttl_seconds},"metadata":{{"version":{},"status":{},"final":{}}}}}"#,
        record.version(),
        serde_json::Value::from(record.transfer.status.as_str()),
        record.transfer.status.is_final(),
    );
    let history = bindings::history(env).map_err(|error| JsValue::from_str(&error.to_string()))?;
    history.put(
        &key(&record.transfer.id),
        &record.archive(),
        &JSON::parse(&options)?,
    )
}

fn key(id: &TransferId) -> String {
    format!("t/{id}")
}
