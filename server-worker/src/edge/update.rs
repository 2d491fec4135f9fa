//! `POST /update`: verify the raw bytes, only then decode them, then one hop to the room.
//!
//! Whatever is wrong with an update is found out here, so that no bad one wakes an object.

use transfer_status_protocol::Update;
use transfer_status_protocol::sign::{
    self, KeyRing, SIGNATURE_HEADER, TIMESTAMP_HEADER, TimestampPolicy, VerifyError,
};
use transfer_status_protocol::update::MAX_UPDATE_BYTES;
use worker::Env;
use worker::web_sys::Response;

use crate::clock::now_unix_seconds;
use crate::config::Config;
use crate::edge::request::Incoming;
use crate::edge::{body, hand_in, legacy};
use crate::error::ApiError;
use crate::room::call::Call;

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
    let trail = hand_in::trail(incoming, config.key_names.of(is_by));
    let call = match update.if_version {
        Some(_) => Call::UpdateIf,
        None => Call::Update { word: None },
    };
    hand_in::hand_in(env, &update.transfer_id, &body, &call, trail).await
}
