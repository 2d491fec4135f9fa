//! `DELETE /transfer/{id}`: the admin has a transfer removed, here, in the archive and in the list.

use transfer_status_protocol::TransferId;
use worker::Env;
use worker::web_sys::Response;

use crate::clock::now_unix_seconds;
use crate::config::Config;
use crate::edge::proof;
use crate::edge::request::Incoming;
use crate::error::ApiError;
use crate::room::client;

/// Answers with 204 once nothing is left, 404 for a transfer that nobody has reported, and 503 while something is left
/// that cannot be reached.
pub(crate) async fn delete(
    incoming: &Incoming<'_>,
    id: &str,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    proof::admin(env, config, incoming, now_unix_seconds()).await?;
    client::delete(env, &TransferId::new(id)?).await
}
