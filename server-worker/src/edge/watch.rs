//! `GET /ws/{id}`, and `GET /transfers/{id}/ws` of the earlier API: opens a watcher's socket in the transfer's room, or refuses it here.
//!
//! A refusal never reaches the room: it is an accepted socket of the stateless Worker that gets one
//! error message and a close code.

use transfer_status_protocol::TransferId;
use transfer_status_protocol::signature::Claims;
use worker::Env;
use worker::web_sys::Response;

use crate::clock::now_unix_seconds;
use crate::config::{Config, ConfigError};
use crate::edge::legacy::{LegacyError, View};
use crate::edge::limits;
use crate::edge::proof::Offer;
use crate::edge::request::Incoming;
use crate::error::ApiError;
use crate::log;
use crate::platform::socket;
use crate::room::client;

/// Answers an upgrade request; always with 101.
pub(crate) async fn open(
    incoming: &Incoming<'_>,
    id: &str,
    env: &Env,
    config: Result<&Config, &'static ConfigError>,
    view: View,
) -> Result<Response, ApiError> {
    let offer = Offer::parse(incoming.header("sec-websocket-protocol").as_deref());
    let subprotocol = offer.subprotocol;
    let opened = match admit(incoming, id, config, offer, view) {
        Ok((id, claims)) => {
            client::watch(env, &id, claims.map(|claims| claims.expiry()), subprotocol, view).await
        }
        Err(error) => Err(limits::count(env, config, incoming, error).await),
    };
    opened.or_else(|error| refuse(incoming, &error, subprotocol))
}

/// Refuses an upgrade, and says so in the log.
pub(crate) fn refuse(
    incoming: &Incoming<'_>,
    error: &ApiError,
    subprotocol: bool,
) -> Result<Response, ApiError> {
    log::refused(incoming, error);
    Ok(socket::refuse_upgrade(error, subprotocol)?)
}

fn admit(
    incoming: &Incoming<'_>,
    id: &str,
    config: Result<&Config, &'static ConfigError>,
    offer: Offer,
    view: View,
) -> Result<(TransferId, Option<Claims>), ApiError> {
    let config = config.map_err(ApiError::NotConfigured)?;
    incoming.check_origin(&config.origins)?;
    let id = TransferId::new(id)?;
    let claims = offer.claims(config, incoming.target(), &id, now_unix_seconds())?;
    if view == View::Legacy && claims.is_none() {
        // There is no `subscribe` in the earlier API.
        return Err(LegacyError::NoToken.into());
    }
    Ok((id, claims))
}
