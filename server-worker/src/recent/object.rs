//! A shard of the recent index as a Durable Object. Platform calls only; the list is `index`.

use std::cell::RefCell;

use transfer_status_protocol::Transfer;
use worker::wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{self, Request, RequestInit, Response};
use worker::worker_sys::DurableObjectState;
use worker::{Env, State, WebSocket};

use super::index::{Index, Put};
use super::minutes::Minutes;
use super::page::{Item, Listing, Query};
use super::rows::Rows;
use super::{BASE, Stats, sessions};
use crate::clock::{now_unix_millis, now_unix_seconds};
use crate::edge::target::Target;
use crate::error::ApiError;
use crate::log;
use crate::platform::bindings;
use crate::platform::reply;
use crate::platform::socket;
use crate::room::call::Call;

/// Rooms that are asked at once; the platform lets one invocation make 1,000 calls.
const MOST_ASKED: usize = 200;

/// One shard. It is exported by hand, as the rooms are.
#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
pub struct RecentIndex(Shard);

/// What a shard has in memory: all that it lists, read again from its rows after a sleep.
pub(super) struct Shard {
    pub(super) state: State,
    env: Env,
    rows: Rows,
    list: RefCell<Option<(Index, Minutes)>>,
}

#[wasm_bindgen(
    wasm_bindgen = ::worker::wasm_bindgen,
    wasm_bindgen_futures = ::worker::wasm_bindgen_futures,
    js_sys = ::worker::js_sys,
)]
impl RecentIndex {
    /// Wakes the shard; nothing is read yet.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: Env) -> Self {
        let state = State::from(state);
        Self(Shard {
            rows: Rows::new(state.storage().sql()),
            state,
            env,
            list: RefCell::new(None),
        })
    }

    /// A call of a room or of the Worker.
    pub async fn fetch(&self, request: Request) -> Result<Response, JsValue> {
        self.0.answer(&request).await.or_else(|error| {
            if error.is_ours() {
                log::shard(&error);
            }
            reply::refusal(&error)
        })
    }

    /// Nothing is to be said here: the platform answers pings.
    #[wasm_bindgen(js_name = webSocketMessage)]
    pub fn web_socket_message(&self, ws: web_sys::WebSocket) {
        socket::refuse(&WebSocket::from(ws), &ApiError::NothingToSay);
    }

    /// A close by the client, or the end of the link.
    #[wasm_bindgen(js_name = webSocketClose)]
    pub fn web_socket_close(&self, ws: web_sys::WebSocket, code: u16) {
        socket::answer_close(&WebSocket::from(ws), code);
    }

    /// The link broke; the platform has let go of the socket already.
    #[wasm_bindgen(js_name = webSocketError)]
    pub fn web_socket_error(&self) {}
}

impl Shard {
    async fn answer(&self, request: &Request) -> Result<Response, ApiError> {
        let url = request.url();
        let target = Target::of(&url);
        let mut path = target.path.split('/').skip(1);
        if url.starts_with(BASE) && path.clone().next() == Some(sessions::PATH) {
            return sessions::answer(&self.state.storage().sql(), path.skip(1), now_unix_seconds());
        }
        match (url.starts_with(BASE), path.next(), path.next()) {
            (true, Some("put"), None) => {
                let text = JsFuture::from(request.text()?).await?;
                self.put(&text.as_string().unwrap_or_default())
            }
            (true, Some("list"), None) => {
                self.catch_up().await?;
                self.list(target)
            }
            (true, Some("stats"), None) => {
                self.catch_up().await?;
                self.stats()
            }
            (true, Some("feed"), Some(expiry)) => self.open_feed(expiry.parse().unwrap_or(0), path.next()),
            (true, Some("end-feeds"), Some(session)) => self.end_feeds(session),
            _ => Err(ApiError::NoRoute),
        }
    }

    /// Takes changes in, one a line. That the transfers are listed is durable then; how they stand is asked of
    /// their rooms again, should the shard forget it.
    fn put(&self, lines: &str) -> Result<Response, ApiError> {
        let mut told = Vec::new();
        let put = self.with(|index, minutes| {
            let mut pages = Vec::new();
            for line in lines.lines() {
                let (watchers, doc) = line.split_once(' ').unwrap_or_default();
                let transfer = match Transfer::decode(doc) {
                    Ok(transfer) => transfer,
                    // Sent again it would be no better, and would hold the others up.
                    Err(error) => {
                        log::shard(&ApiError::BadUpdate(error));
                        continue;
                    }
                };
                if let Put::Listed { write } = index.put(&transfer, doc.to_owned()) {
                    minutes.count(transfer.updated_at.unix_millis());
                    pages.extend(write);
                    told.push((doc, watchers.parse().unwrap_or(0)));
                }
            }
            pages.sort_unstable();
            pages.dedup();
            for page in pages {
                self.rows.save(page, &index.page(page))?;
            }
            Ok(())
        });
        if let Err(error) = put {
            // The list would show what is not stored: read it again.
            *self.list.borrow_mut() = None;
            return Err(error);
        }
        self.tell(&told);
        Ok(reply::empty(204, &[])?)
    }

    /// Asks the rooms of those entries that may have gone on while nobody looked. One that does not answer is
    /// shown as it was, and asked again the next time.
    async fn catch_up(&self) -> Result<(), ApiError> {
        let unconfirmed = self.with(|index, _| Ok(index.unconfirmed(MOST_ASKED)))?;
        // Asked all at once, heard one after the other.
        let asked: Vec<_> = unconfirmed.iter().map(|id| self.ask_room(id)).collect();
        for (id, asked) in unconfirmed.iter().zip(asked) {
            let Ok(answer) = heard(asked).await else { continue };
            self.with(|index, _| {
                if let Some((transfer, doc)) = answer
                    && let Put::Listed { write: Some(page) } = index.put(&transfer, doc)
                {
                    self.rows.save(page, &index.page(page))?;
                }
                index.confirm(id);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn ask_room(&self, id: &str) -> Result<JsFuture, ApiError> {
        let room = bindings::rooms(&self.env)?.get_by_name(id)?;
        Ok(room.fetch(&Call::Listed.to_url(), &RequestInit::new())?.into())
    }

    fn list(&self, target: Target<'_>) -> Result<Response, ApiError> {
        let query = Query::read(target.pairs()).map_err(ApiError::BadQuery)?;
        let text = self.with(|index, _| {
            let entries = index.list(&query.filter, query.before.as_ref(), query.limit + 1);
            let items = entries.map(|(place, entry)| {
                Ok(Item {
                    at: place.updated_at,
                    id: &place.id,
                    doc: serde_json::from_str(&entry.doc)?,
                })
            });
            let items = items.collect::<Result<_, ApiError>>()?;
            Ok(serde_json::to_string(&Listing { items })?)
        })?;
        Ok(reply::json(200, &text, &[])?)
    }

    fn stats(&self) -> Result<Response, ApiError> {
        let stats = self.with(|index, minutes| {
            let per_minute = minutes.until(now_unix_millis());
            Ok(Stats {
                shards: 1,
                by_status: index.by_status(),
                per_minute: per_minute.into_iter().map(u64::from).collect(),
            })
        })?;
        Ok(reply::json(200, &serde_json::to_string(&stats)?, &[])?)
    }

    /// Works on the list, which is read first where that has not been done since the wake.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut Index, &mut Minutes) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut list = self.list.borrow_mut();
        if list.is_none() {
            let index = self.rows.load()?;
            let mut minutes = Minutes::default();
            for (place, _) in index.list(&Default::default(), None, usize::MAX) {
                minutes.count(place.updated_at);
            }
            *list = Some((index, minutes));
        }
        match &mut *list {
            Some((index, minutes)) => work(index, minutes),
            None => Err(ApiError::Internal {
                cause: "the list is gone".into(),
            }),
        }
    }
}

/// What a room has answered; `None` when it knows of no transfer any more.
async fn heard(asked: Result<JsFuture, ApiError>) -> Result<Option<(Transfer, String)>, ApiError> {
    let answer: Response = asked?.await?.unchecked_into();
    let text = JsFuture::from(answer.text()?)
        .await?
        .as_string()
        .unwrap_or_default();
    match answer.status() {
        200 => {
            let transfer = Transfer::decode(&text).map_err(ApiError::BadUpdate)?;
            Ok(Some((transfer, text)))
        }
        404 => Ok(None),
        status => Err(ApiError::Unreachable {
            cause: format!("a room answered {status}"),
        }),
    }
}
