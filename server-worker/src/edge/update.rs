//! `POST /update`: verify the raw bytes, only then decode them, then one hop to the room.
//!
//! Whatever is wrong with an update is found out here, so that no bad one wakes an object.

use transfer_status_protocol::sign::{
    self, KeyRing, SIGNATURE_HEADER, TIMESTAMP_HEADER, TimestampPolicy, VerifyError,
};
use transfer_status_protocol::update::MAX_UPDATE_BYTES;
use transfer_status_protocol::{Timestamp, TransferId, Update};
use worker::Env;
use worker::web_sys::Response;

use crate::clock::{now_unix_millis, now_unix_seconds};
use crate::config::Config;
use crate::domain::timeline::Trail;
use crate::edge::body;
use crate::edge::legacy;
use crate::edge::request::Incoming;
use crate::error::ApiError;
use crate::log;
use crate::platform::metrics;
use crate::room::client;

/// Answers with the room's answer: 200 with the transfer as stored, or 409.
pub(crate) async fn post(incoming: &Incoming<'_>, env: &Env, config: &Config) -> Result<Response, ApiError> {
    let Some(signature) = incoming.header(SIGNATURE_HEADER) else {
        // The earlier API's backends sign inside the body.
        return match config.legacy.api {
            true => legacy::update(incoming, env, config).await,
            false => Err(ApiError::NoUpdateSignature),
        };
    };
    let timestamp = incoming.header(TIMESTAMP_HEADER);
    let body = body::read(incoming, MAX_UPDATE_BYTES).await?;

    let verified = sign::verify(
        &config.update_keys,
        body.as_slice(),
        &signature,
        timestamp.as_deref(),
        now_unix_seconds(),
        config.timestamp,
    )?;
    let update = Update::decode(&verified).map_err(ApiError::BadUpdate)?;
    let is_by = |keys: &KeyRing| {
        let (now, policy) = (now_unix_seconds(), TimestampPolicy::Optional);
        let verified = sign::verify(
            keys,
            body.as_slice(),
            &signature,
            timestamp.as_deref(),
            now,
            policy,
        );
        // Its time may be over by now.
        !matches!(verified, Err(VerifyError::BadSignature))
    };
    let trail = trail(incoming, config.key_names.of(is_by));
    hand_in(env, &update.transfer_id, &body, None, trail).await
}

/// Where an update comes from that was signed with this key.
pub(super) fn trail(incoming: &Incoming<'_>, key: &str) -> Trail {
    Trail {
        key: Some(key.to_owned()),
        request: Some(log::request_id(incoming)),
        received_at: Some(Timestamp::from_unix_millis(now_unix_millis())),
    }
}

/// One hop to the room, and a data point of how it went.
pub(super) async fn hand_in(
    env: &Env,
    id: &TransferId,
    body: &[u8],
    word: Option<String>,
    trail: Trail,
) -> Result<Response, ApiError> {
    let began = now_unix_millis();
    let answer = client::update(env, id, body, word, trail).await;
    if let Ok(answer) = &answer {
        metrics::updated(env, answer.status(), now_unix_millis().saturating_sub(began));
    }
    answer
}
