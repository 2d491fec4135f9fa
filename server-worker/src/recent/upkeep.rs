//! What a shard does to be right: it asks the rooms of what may have gone on unseen, hands over what belongs to another
//! shard since their number was changed, and lets go of what has outlived the archive.
//!
//! The first two are done when somebody looks, by one upkeep at a time that all who look wait for.

use std::rc::Rc;

use transfer_status_protocol::Transfer;
use worker::Env;
use worker::js_sys::{Date, Promise};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{RequestInit, Response};

use super::index::Put;
use super::minutes::Minutes;
use super::object::Shard;
use super::{ANNOUNCE, LEAVE, MOST_SHARDS, say, send, shard};
use crate::clock::now_unix_millis;
use crate::config::Config;
use crate::error::ApiError;
use crate::log;
use crate::platform::deadline;
use crate::platform::eager;
use crate::room::call::Call;
use crate::room::client;

/// Rooms that are asked at once.
const AT_ONCE: usize = 100;
/// Rooms that are asked in one upkeep: the platform lets an invocation make 10,000 calls.
const MOST_ASKED: usize = 5_000;
/// How long a room may take to answer, in milliseconds.
const ROOM_WITHIN_MS: i32 = 2_000;
/// How long whoever looks waits for the upkeep, which goes on without them.
const LOOK_WITHIN_MS: i32 = 10_000;
/// Entries of one call to another shard.
const MOST_MOVED_AT_ONCE: usize = 200;
/// An entry that moved may have been missed by a list that was being made then; so long ago it cannot have been.
const JUST_MOVED_MS: i64 = 30_000;
const DAY_MS: i64 = 86_400_000;

impl Shard {
    /// Sees to it that the list is right, as far as it can be within the time that somebody waits for it. A room that
    /// does not answer is shown as it was.
    ///
    /// # Errors
    /// When something belongs to another shard, which does not take it: the list would miss it.
    pub(super) async fn look(self: &Rc<Self>, shards: Option<u16>) -> Result<(), ApiError> {
        let is_in_place = || shards.is_none() || self.in_place_for.get() == shards;
        // The first one may have begun for another number of shards.
        for _ in 0..2 {
            let upkeep = self.upkeep(shards);
            // It is never rejected.
            self.state.as_raw().wait_until(&upkeep)?;
            if let Err(error) = deadline::within(LOOK_WITHIN_MS, Ok(upkeep)).await {
                log::shard(&error);
                break;
            }
            if is_in_place() {
                break;
            }
        }
        match is_in_place() {
            true => Ok(()),
            false => Err(not_handed_over()),
        }
    }

    fn upkeep(self: &Rc<Self>, shards: Option<u16>) -> Promise {
        if let Some(under_way) = &*self.upkeep.borrow() {
            return under_way.clone();
        }
        let shard = Rc::clone(self);
        let begun = eager::later(async move {
            let in_place = match shards {
                Some(shards) => shard.put_in_place(shards).await,
                None => Ok(()),
            };
            let caught_up = shard.catch_up().await;
            shard.upkeep.replace(None);
            for error in [in_place, caught_up].into_iter().filter_map(Result::err) {
                log::shard(&error);
            }
            Ok(JsValue::UNDEFINED)
        });
        self.upkeep.replace(Some(begun.clone()));
        begun
    }

    /// Asks the rooms of those entries that may have gone on while nobody looked, the newest first.
    async fn catch_up(&self) -> Result<(), ApiError> {
        let mut asked = 0;
        while asked < MOST_ASKED {
            let now = now_unix_millis();
            let unconfirmed = self.with(|index, _| Ok(index.unconfirmed(AT_ONCE, now)))?;
            if unconfirmed.is_empty() {
                break;
            }
            asked += unconfirmed.len();
            // Asked all at once, heard one after the other.
            let promises: Vec<_> = unconfirmed.iter().map(|id| ask_room(&self.env, id)).collect();
            for (id, promise) in unconfirmed.iter().zip(promises) {
                let answer = heard(promise).await;
                self.change(|index, _| {
                    match answer {
                        Ok(Some((transfer, doc))) => {
                            if let Put::Listed { write: Some(page) } = index.put(&transfer, doc) {
                                self.rows.save(page, &index.page(page))?;
                            }
                            index.confirm(id);
                        }
                        // It is nowhere any more.
                        Ok(None) => {
                            if let Some(page) = index.take_off(id) {
                                self.rows.save(page, &index.page(page))?;
                            }
                        }
                        Err(_) => index.note_silent(id, now),
                    }
                    Ok(())
                })?;
            }
        }
        if asked == 0 {
            return Ok(());
        }
        self.change(|index, _| {
            for page in index.asked(now_unix_millis()) {
                self.rows.save(page, &index.page(page))?;
            }
            Ok(())
        })
    }

    /// Hands over what belongs to another one of `shards`; the first shard sees to those beyond them too.
    async fn put_in_place(&self, shards: u16) -> Result<(), ApiError> {
        let was_in_place = self.in_place_for.take() == Some(shards);
        self.hand_over(shards).await?;
        if self.number() == Some(0) && (self.announced.take() > shards || !was_in_place) {
            // One that does not know may have been one of as many as there can be.
            let before = self.rows.spread()?;
            let beyond: Vec<_> = (shards..before.unwrap_or(MOST_SHARDS))
                .map(|beyond| say(&self.env, beyond, LEAVE, shards))
                .collect();
            if !beyond.is_empty() {
                self.moved_at.set(Some(now_unix_millis()));
            }
            for (number, left) in (shards..).zip(beyond) {
                let left = match left {
                    Ok(left) => left.arrived().await,
                    Err(error) => Err(error),
                };
                match left {
                    Ok(()) => {}
                    Err(error) if before.is_some() => return Err(error),
                    // There was none, most likely: whoever looks next tries again.
                    Err(error) => {
                        log::shard(&error);
                        self.note_announced(number.saturating_add(1))?;
                    }
                }
            }
            // One that has announced itself meanwhile may have left before.
            if before != Some(shards) && self.announced.get() <= shards {
                self.rows.save_spread(shards)?;
            }
        }
        self.in_place_for.set(Some(shards));
        Ok(())
    }

    /// Hands everything over that belongs elsewhere, and leaves nothing where that was all.
    ///
    /// # Errors
    /// Also when something has come meanwhile: the first shard would not ask again.
    pub(super) async fn leave(&self, shards: u16) -> Result<(), ApiError> {
        self.hand_over(shards).await?;
        if self.number().is_none_or(|number| number < shards) {
            return Ok(());
        }
        match self.with(|index, _| Ok(index.is_empty()))? {
            true => self.forget_all().await,
            false => Err(not_handed_over()),
        }
    }

    /// Has the first shard note that this one is there, before it lists anything: whoever looks once there are fewer asks
    /// it for nothing.
    pub(super) async fn announce(&self) -> Result<(), ApiError> {
        while self.with(|index, _| Ok(index.is_empty()))? {
            let Some(number @ 1..) = self.number() else {
                break;
            };
            let emptied = self.emptied.get();
            let shards = number.saturating_add(1);
            say(&self.env, 0, ANNOUNCE, shards)?.arrived().await?;
            // Where it has left meanwhile, the first shard has forgotten it again.
            if self.emptied.get() == emptied {
                break;
            }
        }
        Ok(())
    }

    /// Notes, as the first shard, that there are so many shards, or were.
    pub(super) fn note_announced(&self, shards: u16) -> Result<(), ApiError> {
        self.announced.set(shards.max(self.announced.get()));
        if self.rows.spread()?.is_some_and(|before| before < shards) {
            self.rows.save_spread(shards)?;
        }
        Ok(())
    }

    async fn hand_over(&self, shards: u16) -> Result<(), ApiError> {
        let Some(number) = self.number() else {
            return Ok(());
        };
        let misplaced = self.with(|index, _| Ok(index.misplaced(number, shards)))?;
        for (place, ids) in misplaced {
            for ids in ids.chunks(MOST_MOVED_AT_ONCE) {
                let (lines, sent) = self.with(|index, _| Ok(index.lines_of(ids)))?;
                self.moved_at.set(Some(now_unix_millis()));
                send(&self.env, place, "moved", &lines)?.arrived().await?;
                self.change(|index, minutes| {
                    let gone = index.let_go_of(sent);
                    for page in gone.pages {
                        self.rows.save(page, &index.page(page))?;
                    }
                    for id in gone.deletions {
                        self.rows.forget_deletion(&id)?;
                    }
                    *minutes = Minutes::of(index.list(&Default::default(), None, usize::MAX));
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// Whether entries have gone to another shard so lately that a list which was asked for at the same time may miss
    /// them there.
    pub(super) fn has_just_moved(&self) -> bool {
        let now = now_unix_millis();
        self.moved_at
            .get()
            .is_some_and(|at| now.saturating_sub(at) < JUST_MOVED_MS)
    }

    /// Which of the shards this is.
    fn number(&self) -> Option<u16> {
        shard::number(&self.state.id().name()?)
    }

    /// Finds out whether an alarm is set, once as long as the object is awake.
    pub(super) async fn ask_for_alarm(&self) -> Result<(), ApiError> {
        if !self.is_armed.get() && self.state.storage().get_alarm().await?.is_some() {
            self.is_armed.set(true);
        }
        Ok(())
    }

    /// Sets the alarm for the next day.
    pub(super) async fn arm(&self) -> Result<(), ApiError> {
        self.is_armed.set(true);
        let at = Date::new(&JsValue::from_f64(now_unix_millis().saturating_add(DAY_MS) as f64));
        let storage = self.state.storage();
        let set = storage
            .as_raw()
            .set_alarm(at.unchecked_into(), JsValue::NULL.into());
        JsFuture::from(set.inspect_err(|_| self.is_armed.set(false))?).await?;
        Ok(())
    }

    /// Lets go of what has outlived the archive, and of deletions that nothing can contradict any more. It never fails:
    /// the platform gives an alarm up that has failed six times.
    pub(super) async fn on_alarm(self: &Rc<Self>) {
        self.is_armed.set(false);
        if let Err(error) = self.let_go().await {
            log::shard(&error);
        }
        if self
            .list
            .borrow()
            .as_ref()
            .is_some_and(|(index, _)| index.is_empty())
        {
            if let Err(error) = self.forget_all().await {
                log::shard(&error);
            }
        } else if let Err(error) = self.arm().await {
            log::shard(&error);
        }
    }

    async fn let_go(self: &Rc<Self>) -> Result<(), ApiError> {
        let config = Config::of(&self.env).map_err(ApiError::NotConfigured)?;
        // Within a day all is in its place though nobody looks, where deletions are remembered for longer.
        let handed_over = self.hand_over(config.recent_shards).await;
        // What was deleted is not kept for want of somebody who looks.
        if self.with(|index, _| Ok(index.is_unsure()))? {
            self.catch_up().await?;
        }
        let ttl_ms = i64::try_from(config.history_ttl_seconds)
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000);
        let now = now_unix_millis();
        self.change(|index, _| {
            for page in index.expire(now.saturating_sub(ttl_ms)) {
                self.rows.save(page, &index.page(page))?;
            }
            // What could not be handed over is not forgotten.
            if handed_over.is_ok() {
                let (before, pages) = index.forget_deleted(now);
                for page in pages {
                    self.rows.save(page, &index.page(page))?;
                }
                self.rows.forget_deleted(before)?;
            }
            Ok(())
        })?;
        handed_over
    }

    async fn forget_all(&self) -> Result<(), ApiError> {
        let deleted = self.state.storage().as_raw().delete_all();
        *self.list.borrow_mut() = None;
        self.in_place_for.set(None);
        self.is_armed.set(false);
        self.emptied.set(self.emptied.get().wrapping_add(1));
        JsFuture::from(deleted?).await?;
        Ok(())
    }
}

fn not_handed_over() -> ApiError {
    ApiError::Unreachable {
        cause: "entries of another shard could not be handed over".into(),
    }
}

fn ask_room(env: &Env, id: &str) -> Result<Promise, ApiError> {
    let room = client::object(env, id)?;
    Ok(room.fetch(&Call::Listed.to_url(), &RequestInit::new())?)
}

/// What a room has answered; `None` when it knows of no transfer any more.
async fn heard(asked: Result<Promise, ApiError>) -> Result<Option<(Transfer, String)>, ApiError> {
    let answer = deadline::within(ROOM_WITHIN_MS, Ok(asked?)).await?;
    let answer: Response = answer.unchecked_into();
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
