//! A shard of the recent index as a Durable Object. Platform calls only; the list is `index`, and `upkeep` is what it
//! does to be right before somebody looks.

use std::cell::{Cell, RefCell, RefMut};
use std::rc::Rc;

use transfer_status_protocol::Transfer;
use worker::js_sys::Promise;
use worker::wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{self, Request, Response};
use worker::worker_sys::DurableObjectState;
use worker::{Env, State, WebSocket};

use super::index::moving::Line;
use super::index::{Index, Pages, Put};
use super::minutes::Minutes;
use super::news::News;
use super::page::{Item, Listing, Query};
use super::rows::Rows;
use super::{ANNOUNCE, BASE, LEAVE, SHARDS, Stats, sessions};
use crate::clock::{now_unix_millis, now_unix_seconds};
use crate::edge::target::Target;
use crate::error::ApiError;
use crate::log;
use crate::platform::eager;
use crate::platform::reply;
use crate::platform::socket;

/// One shard. It is exported by hand, as the rooms are.
#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
pub struct RecentIndex(Rc<Shard>);

/// What a shard has in memory: all that it lists, read again from its rows after a sleep.
pub(super) struct Shard {
    pub(super) state: State,
    pub(super) env: Env,
    pub(super) rows: Rows,
    pub(super) list: RefCell<Option<(Index, Minutes)>>,
    /// The upkeep that is under way: there is one at a time, and whoever looks waits for it.
    pub(super) upkeep: RefCell<Option<Promise>>,
    /// The number of shards that every entry is known to be in its place for.
    pub(super) in_place_for: Cell<Option<u16>>,
    /// How many shards there are by those that have announced themselves to this one, the first, since it last saw to them.
    pub(super) announced: Cell<u16>,
    /// How often all that it had stored was deleted.
    pub(super) emptied: Cell<u32>,
    /// When entries last went to another shard.
    pub(super) moved_at: Cell<Option<i64>>,
    /// Whether it is known that an alarm is set.
    pub(super) is_armed: Cell<bool>,
}

/// Where changes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Their rooms.
    Rooms,
    /// A shard that had them before.
    Shard,
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
        Self(Rc::new(Shard {
            rows: Rows::new(state.storage().sql()),
            state,
            env,
            list: RefCell::new(None),
            upkeep: RefCell::new(None),
            in_place_for: Cell::new(None),
            announced: Cell::new(0),
            emptied: Cell::new(0),
            moved_at: Cell::new(None),
            is_armed: Cell::new(false),
        }))
    }

    /// A call of a room or of the Worker.
    pub fn fetch(&self, request: Request) -> Result<JsValue, JsValue> {
        let shard = Rc::clone(&self.0);
        eager::run(async move {
            let answer = shard.answer(&request).await.or_else(|error| {
                if error.is_ours() {
                    log::shard(&error);
                }
                reply::refusal(&error)
            });
            Ok(answer?.into())
        })
    }

    /// The alarm, once a day: what has outlived its time goes.
    pub fn alarm(&self) -> Result<JsValue, JsValue> {
        let shard = Rc::clone(&self.0);
        eager::run(async move {
            shard.on_alarm().await;
            Ok(JsValue::UNDEFINED)
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
    async fn answer(self: &Rc<Self>, request: &Request) -> Result<Response, ApiError> {
        let url = request.url();
        let target = Target::of(&url);
        let mut path = target.path.split('/').skip(1);
        if url.starts_with(BASE) && path.clone().next() == Some(sessions::PATH) {
            return sessions::answer(&self.state.storage().sql(), path.skip(1), now_unix_seconds());
        }
        match (url.starts_with(BASE), path.next(), path.next()) {
            (true, Some("put" | "remove"), None) => self.take(request, Source::Rooms).await,
            (true, Some("moved"), None) => self.take(request, Source::Shard).await,
            (true, Some("list"), None) => {
                self.look(shards(target)).await?;
                self.list(target)
            }
            (true, Some("stats"), None) => {
                self.look(shards(target)).await?;
                self.stats(target)
            }
            (true, Some(call @ (LEAVE | ANNOUNCE)), None) => {
                let shards = shards(target).ok_or(ApiError::NoRoute)?;
                match call {
                    LEAVE => self.leave(shards).await?,
                    _ => self.note_announced(shards)?,
                }
                Ok(reply::empty(204, &[])?)
            }
            (true, Some("feed"), Some(expiry)) => self.open_feed(expiry.parse().unwrap_or(0), path.next()),
            (true, Some("end-feeds"), Some(session)) => self.end_feeds(session),
            _ => Err(ApiError::OtherVersion),
        }
    }

    async fn take(&self, request: &Request, source: Source) -> Result<Response, ApiError> {
        let text = JsFuture::from(request.text()?).await?;
        let text = text.as_string().unwrap_or_default();
        self.ask_for_alarm().await?;
        self.announce().await?;
        let answer = self.put(&text, source)?;
        if !self.is_armed.get() {
            self.arm().await?;
        }
        Ok(answer)
    }

    /// Takes changes in, one a line. That the transfers are listed is durable then; how they stand is asked of
    /// their rooms again, should the shard forget it.
    fn put(&self, lines: &str, source: Source) -> Result<Response, ApiError> {
        let mut told = Vec::new();
        self.change(|index, minutes| {
            let mut pages = Pages::default();
            for line in lines.lines() {
                let (watchers, listed) = match Line::read(line) {
                    Line::Change { watchers, listed } => (watchers, listed),
                    Line::Removal { id, deleted_at } => {
                        let deleted_at = deleted_at.unwrap_or_else(now_unix_millis);
                        pages.extend(match source {
                            Source::Rooms => index.delete(id, deleted_at),
                            Source::Shard => index.delete_unconfirmed(id, deleted_at),
                        });
                        if source == Source::Rooms {
                            told.push(News::Removal { id });
                        }
                        self.rows.save_deleted(id, deleted_at)?;
                        continue;
                    }
                };
                let transfer = match Transfer::decode(listed) {
                    Ok(transfer) => transfer,
                    // Sent again it would be no better, and would hold the others up.
                    Err(error) => {
                        log::shard(&ApiError::BadUpdate(error));
                        continue;
                    }
                };
                let put = match source {
                    Source::Rooms => index.put(&transfer, listed.to_owned()),
                    Source::Shard => index.put_unconfirmed(&transfer, listed.to_owned()),
                };
                match put {
                    Put::Listed { write } => {
                        minutes.count(transfer.updated_at.unix_millis());
                        pages.extend(write);
                        if source == Source::Rooms {
                            told.push(News::Change {
                                doc: listed,
                                watchers,
                            });
                        }
                    }
                    Put::Unsure { write } => pages.extend(write),
                    Put::Known => {}
                }
            }
            for page in pages {
                self.rows.save(page, &index.page(page))?;
            }
            Ok(())
        })?;
        self.tell(&told);
        Ok(reply::empty(204, &[])?)
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
            let moved = self.has_just_moved();
            Ok(serde_json::to_string(&Listing {
                items,
                moved,
                narrows: true,
            })?)
        })?;
        Ok(reply::json(200, &text, &[])?)
    }

    fn stats(&self, target: Target<'_>) -> Result<Response, ApiError> {
        let query = Query::read(target.pairs()).map_err(ApiError::BadQuery)?;
        let stats = self.with(|index, minutes| {
            let per_minute = minutes.until(now_unix_millis());
            Ok(Stats {
                shards: 1,
                moved: self.has_just_moved(),
                by_status: index.by_status(&query.filter),
                per_minute: per_minute.into_iter().map(u64::from).collect(),
            })
        })?;
        Ok(reply::json(200, &serde_json::to_string(&stats)?, &[])?)
    }

    /// [`Shard::with`] for what changes the list: where that fails, the list would show what is not stored, and is read
    /// again.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&mut Index, &mut Minutes) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let changed = self.with(work);
        if changed.is_err() {
            *self.list.borrow_mut() = None;
        }
        changed
    }

    /// Works on the list, which is read first where that has not been done since the wake.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&mut Index, &mut Minutes) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let (index, minutes) = &mut *self.loaded()?;
        work(index, minutes)
    }

    /// Apart, for it is the same whatever the work is.
    fn loaded(&self) -> Result<RefMut<'_, (Index, Minutes)>, ApiError> {
        let mut list = self.list.borrow_mut();
        if list.is_none() {
            let index = self.rows.load()?;
            let minutes = Minutes::of(index.list(&Default::default(), None, usize::MAX));
            *list = Some((index, minutes));
        }
        RefMut::filter_map(list, Option::as_mut).map_err(|_| ApiError::Internal {
            cause: "the list is gone".into(),
        })
    }
}

/// Over how many shards the list is spread, as whoever looks knows it; an earlier release does not say.
fn shards(target: Target<'_>) -> Option<u16> {
    let (_, shards) = target.pairs().find(|(name, _)| name == SHARDS)?;
    shards.parse().ok().filter(|shards| *shards > 0)
}
