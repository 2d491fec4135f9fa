//! `GET /ws/{id}`, and `GET /transfers/{id}/ws` of the earlier API: opens a watcher's socket in the transfer's room, or refuses it here.
//!
//! A refusal never reaches the room: it is an accepted socket of the stateless Worker that gets one
//! error message and a close code.

use transfer_status_protocol::TransferId;
use worker::Env;
use worker::web_sys::Response;

use crate::clock::now_unix_seconds;
use crate::config::{Config, ConfigError};
use crate::domain::view::View;
use crate::edge::legacy::error::LegacyError;
use crate::edge::limits;
use crate::edge::proof::Offer;
use crate::edge::request::Incoming;
use crate::error::ApiError;
use crate::log;
use crate::platform::{metrics, socket};
use crate::room::client::{self, Watch};

/// Answers an upgrade request; always with 101.
pub(crate) async fn open(
    incoming: &Incoming<'_>,
    id: &str,
    env: &Env,
    config: Result<&Config, &ConfigError>,
    view: View,
) -> Result<Response, ApiError> {
    let offer = Offer::parse(incoming.header("sec-websocket-protocol").as_deref());
    let subprotocol = offer.subprotocol;
    let opened = match admit(incoming, id, env, config, offer, view).await {
        Ok((id, watch)) => client::watch(env, &id, &watch).await,
        Err(error) => Err(limits::count(env, config.ok(), incoming, error).await),
    };
    opened.or_else(|error| {
        metrics::refused(env, &error);
        refuse(incoming, &error, subprotocol)
    })
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

async fn admit(
    incoming: &Incoming<'_>,
    id: &str,
    env: &Env,
    config: Result<&Config, &ConfigError>,
    offer: Offer,
    view: View,
) -> Result<(TransferId, Watch), ApiError> {
    let config = config.map_err(|error| ApiError::NotConfigured(error.clone()))?;
    incoming.check_origin(&config.origins)?;
    let id = TransferId::new(id)?;
    let subprotocol = offer.subprotocol;
    let claims = offer.claims(config, incoming.target(), &id, now_unix_seconds())?;
    if claims.is_none() {
        if view == View::Legacy {
            // There is no `subscribe` in the earlier API.
            return Err(LegacyError::NoToken.into());
        }
        limits::count_unproven(env, config, incoming).await?;
    }
    let watch = Watch {
        expiry: claims.map(|claims| claims.expiry()),
        subprotocol,
        view,
        from: limits::address(config, incoming),
    };
    Ok((id, watch))
}
