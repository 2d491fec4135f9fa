//! Carries the outbox out: the transfer to the recent index and to the archive, and in the end the room
//! out of existence.

use std::rc::Rc;

use worker::js_sys::Promise;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::Response;

use super::{Room, Stored, turn};
use crate::config::Config;
use crate::error::ApiError;
use crate::incoming::now_unix_millis;
use crate::outbox::{Held, Owed, Policy};
use crate::record::Record;
use crate::{history, log, recent};

/// A socket may be open where nothing is to be said any more, until its own time is over.
const LATER_MS: i64 = 60_000;

impl Room {
    /// Sends what is owed, beside whatever the caller goes on to do.
    pub(super) fn deliver_soon(self: &Rc<Self>) {
        // The delivery that is under way looks again when it is through.
        if self.delivering.replace(true) {
            return;
        }
        let room = Rc::clone(self);
        self.state.wait_until(async move {
            let turn = turn::take().await;
            let delivered = match turn {
                Some(_) => room.deliver(false).await,
                // The alarm that was set with the commit does it.
                None => Ok(()),
            };
            room.delivering.set(false);
            if let Err(error) = delivered {
                room.log(&error);
            }
        });
    }

    /// Sends what is owed when the alarm has come, which was set for `set_for` where that is known.
    pub(super) async fn settle_accounts(&self, set_for: Option<i64>) -> Result<(), ApiError> {
        let awake = self.stored.borrow().is_some();
        if !awake {
            // A room with no row owes nothing, so the archive is not asked.
            let Some(record) = self.storage.load()? else {
                return Ok(());
            };
            *self.stored.borrow_mut() = Some(Stored::Here(Rc::new(record)));
        }
        if let (Some(record), Some(set_for)) = (self.row(), set_for)
            && self.policy()?.farewell(record.held()) == set_for
        {
            self.note(record.version(), true, true);
        }
        self.deliver(true).await
    }

    /// Sends until nothing is owed, or something failed; then sets the alarm for what is next. With
    /// `ask_first` the archive is asked for what it has, which is a tenth of the price of writing.
    async fn deliver(&self, ask_first: bool) -> Result<(), ApiError> {
        let policy = self.policy()?;
        while let Some(record) = self.row() {
            let held = record.held();
            let now = now_unix_millis();
            let owed = policy.owed(held, self.delivered.get(), now);
            if owed.is_nothing() {
                return self.rest(policy, held, now).await;
            }
            if !self.send(&record, owed, ask_first).await? {
                return self.arm(Some(policy.retry(held, now))).await;
            }
        }
        Ok(())
    }

    /// Sends one version to where it is owed, both at once; `false` when one of them did not take it.
    async fn send(&self, record: &Record, owed: Owed, ask_first: bool) -> Result<bool, ApiError> {
        let config = Config::of(&self.env).map_err(ApiError::NotConfigured)?;
        let index = owed.index.then(|| {
            begin(recent::put(
                &self.env,
                config.recent_shards,
                record,
                self.watchers(),
            ))
        });
        let archive = owed.archive && !(ask_first && self.has_archived(record).await);
        let archive = archive.then(|| begin(history::put(&self.env, record, config.history_ttl_seconds)));

        let indexed = self.outcome("recent index", index).await;
        let archived = self.outcome("archive", archive).await;
        self.note(record.version(), owed.index && indexed, owed.archive && archived);
        Ok(indexed && archived)
    }

    /// Whether the archive has this very version; when it cannot be asked, it is written to anyway.
    async fn has_archived(&self, record: &Record) -> bool {
        match history::get(&self.env, &record.transfer.id).await {
            Ok(Some(archived)) => archived.version() == record.version(),
            Ok(None) | Err(_) => false,
        }
    }

    async fn outcome(&self, place: &str, begun: Option<Result<JsFuture, JsValue>>) -> bool {
        let failure = match begun {
            None => return true,
            Some(Ok(answer)) => match answer.await {
                Ok(answer) if is_taken(&answer) => return true,
                Ok(_) => JsValue::from_str("it was refused"),
                Err(error) => error,
            },
            Some(Err(error)) => error,
        };
        let id = self.id().map_or("", |id| id.as_str());
        log::owed(id, place, &format!("{failure:?}"));
        false
    }

    /// Notes what has arrived.
    fn note(&self, version: u64, index: bool, archive: bool) {
        let mut delivered = self.delivered.get();
        if index {
            delivered.index = delivered.index.max(version);
        }
        if archive {
            delivered.archive = delivered.archive.max(version);
        }
        self.delivered.set(delivered);
    }

    /// Nothing is owed: empties the room when its time has come, else sets the alarm for that.
    async fn rest(&self, policy: Policy, held: Held, now: i64) -> Result<(), ApiError> {
        let next = policy.rest(held, self.delivered.get());
        if !held.is_final {
            return self.arm(next).await;
        }
        self.ask_for_alarm().await?;
        match self.first_socket_due() {
            Some(due) => self.arm_now(
                due.max(now.saturating_add(1_000))
                    .min(now.saturating_add(LATER_MS)),
            ),
            None if policy.may_empty(held, self.delivered.get(), now) => self.empty().await?,
            None => self.set_alarm(policy.farewell(held)),
        }
        Ok(())
    }

    /// Deletes all that the room has stored, the alarm too. The archive has it.
    async fn empty(&self) -> Result<(), ApiError> {
        let Some(record) = self.row() else { return Ok(()) };
        self.state.storage().delete_all().await?;

        self.alarm.set(Some(None));
        *self.stored.borrow_mut() = Some(Stored::Archived(record));
        Ok(())
    }

    /// What the room itself holds, as far as it was looked up.
    pub(super) fn row(&self) -> Option<Rc<Record>> {
        match &*self.stored.borrow() {
            Some(Stored::Here(record)) => Some(Rc::clone(record)),
            _ => None,
        }
    }
}

/// Attached at once, so that a failure that comes while something else is awaited is not lost.
fn begin(promise: Result<Promise, JsValue>) -> Result<JsFuture, JsValue> {
    promise.map(JsFuture::from)
}

/// KV answers with nothing, a shard with a response.
fn is_taken(answer: &JsValue) -> bool {
    answer.dyn_ref::<Response>().is_none_or(Response::ok)
}
