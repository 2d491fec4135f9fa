//! `GET /transfer/{id}`: the transfer as it stands, for whoever cannot hold a socket.

use transfer_status_protocol::TransferId;
use worker::Env;
use worker::web_sys::Response;

use crate::clock::now_unix_seconds;
use crate::config::Config;
use crate::domain::view::View;
use crate::edge::limits;
use crate::edge::proof::{self, Reader};
use crate::edge::request::Incoming;
use crate::error::ApiError;
use crate::platform::reply;
use crate::room::client;

/// Answers with the transfer and its `ETag`, or 304 when the client has this version.
pub(crate) async fn get(
    incoming: &Incoming<'_>,
    id: &str,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    let id = TransferId::new(id)?;
    let authorization = incoming.header("authorization");
    let reader = proof::reader(
        config,
        authorization.as_deref(),
        incoming.target(),
        &id,
        limits::may_try_admin(config, incoming),
        now_unix_seconds(),
    )?;
    let response = client::read(env, &id, reader != Reader::Admin, View::Current).await?;
    match (incoming.header("if-none-match"), response.headers().get("etag")) {
        (Some(known), Ok(Some(etag))) if matches_etag(&known, &etag) => {
            Ok(reply::empty(304, &[("etag", &etag)])?)
        }
        _ => Ok(response),
    }
}

/// Whether `If-None-Match` names this `ETag`; by weak comparison, RFC 9110 section 13.1.2.
fn matches_etag(if_none_match: &str, etag: &str) -> bool {
    if_none_match
        .split(',')
        .map(str::trim)
        .any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == etag)
}

#[cfg(test)]
mod tests {
    use super::matches_etag;

    #[test]
    fn a_client_that_has_the_version_is_told_so() {
        for known in ["\"3\"", "W/\"3\"", "\"1\", \"3\"", "\"1\",W/\"3\" ", "*"] {
            assert!(matches_etag(known, "\"3\""), "{known}");
        }
        for other in ["", "3", "\"33\"", "\"2\"", "w/\"3\"", "\"3"] {
            assert!(!matches_etag(other, "\"3\""), "{other}");
        }
    }
}
