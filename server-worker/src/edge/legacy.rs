//! The API of the service that this one replaces, switched on by `LEGACY_API=on`: another view of the same
//! rooms, so that clients and backends in the field go on working.
//!
//! | call | here | |
//! |---|---|---|
//! | `GET /transfers/{id}/ws?token=` | `watch` beside this module | the socket's [`View`] is kept with it |
//! | `POST /update`, `POST /create` with `{"token"}` | [`update`], `report` | an update of ours, and the backend's `word` |
//! | `GET /status?id=&token=` | [`status`] | one transfer, in that [`view`] |
//! | `GET /transfers?limit=&token=` | [`list`] | those of the token's merchant, newest first |
//! | `POST /scan`, `POST /unscan` with `{"id"}` | [`scan`] | only with `LEGACY_OPEN_SCAN=on` |

pub(crate) mod error;
mod report;

use transfer_status_protocol::sign::KeyRing;
use transfer_status_protocol::signature::{self, Claims, SubscriptionError};
use transfer_status_protocol::update::MAX_UPDATE_BYTES;
use transfer_status_protocol::{TransferId, json};
use worker::Env;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::Response;

use self::error::LegacyError;
use self::report::Report;
use crate::clock::now_unix_seconds;
use crate::config::Config;
use crate::domain::view::{self, View};
use crate::edge::body;
use crate::edge::hand_in;
use crate::edge::proof;
use crate::edge::request::Incoming;
use crate::error::ApiError;
use crate::platform::reply;
use crate::recent;
use crate::room::call::Call;
use crate::room::client;

/// Transfers of a list, where the client does not say how many.
const DEFAULT_LIMIT: usize = 50;
/// And however many it says.
const MOST_LISTED: usize = 200;
/// One short field.
const MAX_SCAN_BYTES: usize = 4 * 1024;

/// `POST /create`, and `POST /update` without an `X-Signature`: answers with the transfer as stored, or 409.
pub(crate) async fn update(
    incoming: &Incoming<'_>,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    let body = body::read(incoming, MAX_UPDATE_BYTES).await?;
    let token = report::token_in(&body).ok_or(LegacyError::NoUpdateToken)?;
    let report = Report::open(&config.update_keys, &token, now_unix_seconds(), config.timestamp)?;
    let is_by = |keys: &KeyRing| signature::open(keys, &token).is_ok();
    let trail = hand_in::trail(incoming, config.key_names.of(is_by));
    let id = &report.update.transfer_id;
    let update = Call::Update {
        word: Some(report.word),
    };
    hand_in::hand_in(env, id, &report.body, &update, trail).await
}

/// `GET /status?id=&token=`: a transfer, for a token of it or of its merchant.
///
/// Of other merchants' transfers it tells nothing, not even whether they exist.
pub(crate) async fn status(
    incoming: &Incoming<'_>,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    let claims = claims(incoming, config)?;
    let id = value(incoming, "id").ok_or(LegacyError::NoId)?;
    let id = TransferId::new(id)?;
    let own = claims.transfer_id() == &id;
    if !own && !config.legacy.merchant_reads {
        return Err(SubscriptionError::WrongTransfer.into());
    }
    let response = client::read(env, &id, own, View::Legacy).await?;
    match response.status() {
        _ if own => Ok(response),
        200 => {
            let shown = text(&response).await?.unwrap_or_default();
            let shown_to = json::fields(&shown, ["merchantId"])
                .and_then(|[merchant_id]| json::optional::<String>(merchant_id, "merchantId", "a string"));
            match shown_to.map_err(ApiError::unreadable)? {
                Some(merchant_id) if merchant_id == claims.merchant_id() => {
                    Ok(reply::json(200, &shown, &[])?)
                }
                _ => Err(SubscriptionError::WrongTransfer.into()),
            }
        }
        404 => Err(SubscriptionError::WrongTransfer.into()),
        _ => Ok(response),
    }
}

/// `GET /transfers?limit=&token=`: what has changed lately among the transfers of the token's merchant, and
/// the token's own transfer whoever's it is.
pub(crate) async fn list(incoming: &Incoming<'_>, env: &Env, config: &Config) -> Result<Response, ApiError> {
    let claims = claims(incoming, config)?;
    let limit: usize = match value(incoming, "limit") {
        Some(limit) => limit.parse().map_err(|_| LegacyError::BadLimit)?,
        None => DEFAULT_LIMIT,
    };
    let limit = limit.clamp(1, MOST_LISTED);
    let own = client::read(env, claims.transfer_id(), false, View::Legacy).await?;
    let own = match own.status() {
        200 => text(&own).await?,
        404 => None,
        _ => return Ok(own),
    };
    let mut list = view::List::default();
    if config.legacy.merchant_reads && !claims.merchant_id().is_empty() {
        let page = recent::of_merchant(env, config, claims.merchant_id(), limit).await?;
        list.add_page(&page).map_err(ApiError::unreadable)?;
    }
    if let Some(own) = own {
        list.add(own).map_err(ApiError::unreadable)?;
    }
    Ok(reply::json(200, &list.encode(limit), &[])?)
}

/// `POST /unscan`, and `POST /scan` without a signature: tells the watchers, if the operator lets everybody.
pub(crate) async fn scan(
    incoming: &Incoming<'_>,
    env: &Env,
    config: &Config,
    scanned: bool,
) -> Result<Response, ApiError> {
    let body = body::read(incoming, MAX_SCAN_BYTES).await?;
    let text = str::from_utf8(&body).unwrap_or_default();
    let [id, transfer_id] = json::last_fields(text, ["id", "transferId"]).unwrap_or_default();
    if transfer_id.is_some() {
        return Err(ApiError::NoSignature);
    }
    if !config.legacy.open_scan {
        return Err(LegacyError::OpenScanIsOff.into());
    }
    let id = json::required(id, "id", report::ID).map_err(LegacyError::Body)?;
    client::scan(env, &id, scanned, View::Legacy).await
}

/// What the query's token lets its holder read.
fn claims(incoming: &Incoming<'_>, config: &Config) -> Result<Claims, ApiError> {
    let signature = match proof::signature(None, incoming.target()) {
        Err(ApiError::NoSignature) => return Err(LegacyError::NoToken.into()),
        signature => signature?,
    };
    Ok(signature::verify_claims(
        &config.subscribe_keys,
        &signature,
        now_unix_seconds(),
    )?)
}

/// A value of the query; an empty one counts as absent.
fn value(incoming: &Incoming<'_>, name: &str) -> Option<String> {
    let mut pairs = incoming.target().pairs();
    let (_, value) = pairs.find(|(known, value)| known == name && !value.is_empty())?;
    Some(value.into_owned())
}

/// The text of a room's answer.
async fn text(response: &Response) -> Result<Option<String>, ApiError> {
    Ok(JsFuture::from(response.text()?).await?.as_string())
}
