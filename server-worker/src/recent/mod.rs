//! The recent index: every transfer that has changed lately, newest first, spread over a number of
//! Durable Objects by a hash of the id.
//!
//! Rooms hand their changes in beside the update, never on its way; the operator's list asks all shards
//! and merges. A shard that is down delays both, and no update.

mod feed;
pub(crate) mod index;
mod minutes;
mod news;
mod object;
pub(crate) mod page;
mod rows;
pub(crate) mod sessions;
mod shard;
mod upkeep;

use std::collections::BTreeMap;

use serde::Serialize;
use transfer_status_protocol::{DecodeError, json};
use worker::Env;
use worker::js_sys::Promise;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{Headers, RequestInit, Response};

pub use self::object::RecentIndex;
pub(crate) use self::shard::of as shard_of;

use self::index::moving;
use self::page::{Listing, Query};
use crate::config::Config;
use crate::domain::record::Record;
use crate::edge::session::Session;
use crate::edge::target::Target;
use crate::error::ApiError;
use crate::platform::bindings::{self, Stub};
use crate::platform::deadline;
use crate::platform::reply;

const BASE: &str = "https://recent";
/// Names, in a query, over how many shards the list is spread.
const SHARDS: &str = "of";
/// The calls by which the first shard has one leave, and by which one tells the first that it is there.
const LEAVE: &str = "leave";
const ANNOUNCE: &str = "announce";
/// Most shards that there can be.
pub(crate) const MOST_SHARDS: u16 = 64;
/// How long a shard may take to answer a room, in milliseconds.
const PUT_WITHIN_MS: i32 = 8_000;
/// And how long one that somebody looks at, which may have to ask rooms.
const ASK_WITHIN_MS: i32 = 20_000;

/// What a shard is told of a transfer: one line.
pub(crate) fn line(record: &Record, watchers: usize) -> String {
    moving::change(&record.listed(), watchers)
}

/// Hands a shard the [`line()`]s of transfers of its own. They arrive all or not at all.
///
/// # Errors
/// [`ApiError::Unreachable`].
pub(crate) async fn put(env: &Env, shard: u16, lines: &str) -> Result<(), ApiError> {
    send(env, shard, "put", lines)?.arrived().await
}

/// Takes a transfer off the list, in every state up to `deleted_at`, in Unix milliseconds. A shard of the release before,
/// which knows no removals, does not know the call either: it would pass the line over and say that all is well.
///
/// # Errors
/// [`ApiError::Unreachable`].
pub(crate) async fn remove(env: &Env, shard: u16, id: &str, deleted_at: i64) -> Result<(), ApiError> {
    send(env, shard, "remove", &moving::removal(id, deleted_at))?
        .arrived()
        .await
}

/// A call to a shard that is on its way.
struct Lines(Promise);

/// Begins to send lines to a shard.
fn send(env: &Env, shard: u16, call: &str, lines: &str) -> Result<Lines, ApiError> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(lines));
    let shard = stub(env, &shard::name(shard))?;
    Ok(Lines(
        shard.fetch(&format!("{BASE}/{call}"), &init).map_err(unlisted)?,
    ))
}

/// Begins a call that is about so many shards.
fn say(env: &Env, shard: u16, call: &str, shards: u16) -> Result<Lines, ApiError> {
    send(env, shard, &format!("{call}?{SHARDS}={shards}"), "")
}

impl Lines {
    /// Waits until they have arrived.
    async fn arrived(self) -> Result<(), ApiError> {
        let answer: Response = deadline::within(PUT_WITHIN_MS, Ok(self.0))
            .await?
            .unchecked_into();
        if answer.ok() {
            return Ok(());
        }
        // Read to its end, whatever it says: a body that nobody reads keeps the shard from sleeping.
        deadline::within(PUT_WITHIN_MS, answer.text()).await?;
        Err(unlisted(answer.status().into()))
    }
}

/// `GET /recent`: a page of the list.
pub(crate) async fn list(env: &Env, config: &Config, target: Target<'_>) -> Result<Response, ApiError> {
    let query = Query::read(target.pairs()).map_err(ApiError::BadQuery)?;
    Ok(reply::json(200, &page(env, config, &query).await?, &[])?)
}

/// The newest transfers of one merchant, whose id is not empty, as [`list`] shows them.
pub(crate) async fn of_merchant(
    env: &Env,
    config: &Config,
    merchant_id: &str,
    limit: usize,
) -> Result<String, ApiError> {
    page(env, config, &Query::of_merchant(merchant_id, limit)).await
}

async fn page(env: &Env, config: &Config, query: &Query) -> Result<String, ApiError> {
    let url = format!(
        "{BASE}/list?{SHARDS}={}&{}",
        config.recent_shards,
        query.to_query()
    );
    let mut answers = ask_all(env, config, &url).await?;
    if listings(&answers)?.iter().any(|listing| listing.moved) {
        answers = ask_all(env, config, &url).await?;
    }
    let listings = listings(&answers)?;
    if query.is_narrow() && listings.iter().any(|listing| !listing.narrows) {
        return Err(ApiError::OtherVersion);
    }
    Ok(page::merge(listings, query.limit))
}

fn listings(answers: &[String]) -> Result<Vec<Listing<'_>>, ApiError> {
    let listings = answers.iter().map(|answer| Listing::decode(answer));
    listings.collect::<Result<_, _>>().map_err(ApiError::unreadable)
}

/// What one shard, or all of them, know in numbers.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    shards: u64,
    /// Whether entries have just gone to another shard, which may have answered before it had them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    moved: bool,
    by_status: BTreeMap<String, u64>,
    per_minute: Vec<u64>,
}

impl Stats {
    fn decode(text: &str) -> Result<Self, DecodeError> {
        let [shards, moved, by_status, per_minute] =
            json::fields(text, ["shards", "moved", "byStatus", "perMinute"])?;
        let number = "an integer";
        let by_status = by_status.and_then(|counts| json::entries(counts.get()));
        let by_status = by_status.ok_or(DecodeError::Missing { field: "byStatus" })?;
        let by_status = by_status.into_iter().map(|(status, count)| {
            Ok((
                status.into_owned(),
                json::required(Some(count), "byStatus", number)?,
            ))
        });
        let per_minute = per_minute.and_then(|counts| json::items(counts.get()));
        let per_minute = per_minute.ok_or(DecodeError::Missing { field: "perMinute" })?;
        let per_minute = per_minute.into_iter();
        let per_minute = per_minute.map(|count| json::required(Some(count), "perMinute", number));
        Ok(Self {
            shards: json::required(shards, "shards", number)?,
            moved: json::optional(moved, "moved", "true or false")?.unwrap_or_default(),
            by_status: by_status.collect::<Result<_, DecodeError>>()?,
            per_minute: per_minute.collect::<Result<_, _>>()?,
        })
    }
}

/// `GET /dashboard/stats`: transfers by status, of those that the filters admit, and all updates a minute over the last
/// hour.
pub(crate) async fn stats(env: &Env, config: &Config, target: Target<'_>) -> Result<Response, ApiError> {
    let query = Query::read(target.pairs()).map_err(ApiError::BadQuery)?;
    let mut sum = Stats {
        per_minute: vec![0; minutes::MINUTES],
        ..Stats::default()
    };
    let url = format!(
        "{BASE}/stats?{SHARDS}={}&{}",
        config.recent_shards,
        query.to_query()
    );
    let mut parts = parts(&ask_all(env, config, &url).await?)?;
    if parts.iter().any(|part| part.moved) {
        parts = self::parts(&ask_all(env, config, &url).await?)?;
    }
    for part in parts {
        sum.shards += part.shards;
        for (status, count) in part.by_status {
            *sum.by_status.entry(status).or_insert(0) += count;
        }
        for (sum, count) in sum.per_minute.iter_mut().zip(part.per_minute) {
            *sum += count;
        }
    }
    Ok(reply::json(200, &serde_json::to_string(&sum)?, &[])?)
}

fn parts(answers: &[String]) -> Result<Vec<Stats>, ApiError> {
    let parts = answers.iter().map(|answer| Stats::decode(answer));
    parts.collect::<Result<_, _>>().map_err(ApiError::unreadable)
}

/// Opens the feed of one shard, until the end of the session that asks; `None` asks with the token itself.
pub(crate) async fn feed(env: &Env, shard: u16, session: Option<&Session>) -> Result<Response, ApiError> {
    let init = RequestInit::new();
    let headers = Headers::new()?;
    headers.set("upgrade", "websocket")?;
    init.set_headers(&headers);
    let shard = stub(env, &shard::name(shard))?;
    let call = match session {
        Some(Session { id, expiry }) => format!("{BASE}/feed/{expiry}/{id}"),
        None => format!("{BASE}/feed/{}", u64::MAX),
    };
    let answer = bindings::resolve(shard.fetch(&call, &init)).await?;
    let answer: Response = answer.unchecked_into();
    match answer.status() {
        101 => Ok(answer),
        429 => Err(ApiError::TooManyFeeds),
        status => Err(ApiError::Unreachable {
            cause: format!("the recent index answered {status}"),
        }),
    }
}

/// Ends every feed of a session.
pub(crate) async fn end_feeds(env: &Env, config: &Config, session: &str) -> Result<(), ApiError> {
    ask_all(env, config, &format!("{BASE}/end-feeds/{session}"))
        .await
        .map(drop)
}

/// Whether every shard answers.
///
/// # Errors
/// [`ApiError::Unreachable`].
pub(crate) async fn try_all(env: &Env, shards: u16) -> Result<(), ApiError> {
    ask_shards(env, shards, &format!("{BASE}/list?limit=1"))
        .await
        .map(drop)
}

async fn ask_all(env: &Env, config: &Config, url: &str) -> Result<Vec<String>, ApiError> {
    ask_shards(env, config.recent_shards, url).await
}

/// Asks every shard at once. One that does not answer fails the whole: a list must not quietly miss some.
async fn ask_shards(env: &Env, shards: u16, url: &str) -> Result<Vec<String>, ApiError> {
    let init = RequestInit::new();
    let mut asked = Vec::new();
    for shard in 0..shards {
        let stub = stub(env, &shard::name(shard))?;
        asked.push(stub.fetch(url, &init));
    }
    let mut answers = Vec::new();
    for asked in asked {
        let answer: Response = deadline::within(ASK_WITHIN_MS, asked).await?.unchecked_into();
        if !answer.ok() {
            return Err(unlisted(JsValue::from_f64(answer.status().into())));
        }
        let text = JsFuture::from(answer.text()?).await.map_err(unlisted)?;
        answers.push(text.as_string().unwrap_or_default());
    }
    Ok(answers)
}

/// The object of the index with this name.
fn stub(env: &Env, name: &str) -> Result<Stub, ApiError> {
    let place = Config::of(env).map_err(ApiError::NotConfigured)?.place;
    bindings::recent(env)?.object(name, place).map_err(unlisted)
}

fn unlisted(error: JsValue) -> ApiError {
    ApiError::Unreachable {
        cause: format!("a shard of the recent index: {error:?}"),
    }
}
