//! The hop of an update to its room, whichever API it came by.

use transfer_status_protocol::{Timestamp, TransferId};
use worker::Env;
use worker::web_sys::Response;

use crate::clock::now_unix_millis;
use crate::domain::timeline::Trail;
use crate::edge::request::Incoming;
use crate::error::ApiError;
use crate::log;
use crate::platform::metrics;
use crate::room::call::Call;
use crate::room::client;

/// Where an update comes from that was signed with this key.
pub(super) fn trail(incoming: &Incoming<'_>, key: &str) -> Trail {
    Trail {
        key: Some(key.to_owned()),
        request: Some(log::request_id(incoming)),
        received_at: Some(Timestamp::from_unix_millis(now_unix_millis())),
    }
}

/// One hop to the room by this call, and a data point of how it went.
pub(super) async fn hand_in(
    env: &Env,
    id: &TransferId,
    body: &[u8],
    update: &Call,
    trail: Trail,
) -> Result<Response, ApiError> {
    let began = now_unix_millis();
    let answer = client::update(env, id, body, update, trail).await;
    if let Ok(answer) = &answer {
        metrics::updated(env, answer.status(), now_unix_millis().saturating_sub(began));
    }
    answer
}
