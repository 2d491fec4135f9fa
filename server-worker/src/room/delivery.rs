//! Carries the outbox out: the transfer to the recent index and to the archive, and in the end the room out of existence.
//!
//! There is one delivery at a time a room, whoever starts it. It looks at what is stored anew before each step, so that
//! what is written elsewhere is the newest at that moment, and it ends by setting the alarm for what is next with nothing
//! awaited in between.

use std::rc::Rc;

use transfer_status_protocol::Timestamp;
use worker::js_sys::Promise;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;

use super::Room;
use crate::archive;
use crate::clock::now_unix_millis;
use crate::config::Config;
use crate::domain::outbox::{Failed, Known, Step};
use crate::domain::reconcile::{Confirmed, confirm};
use crate::domain::record::Record;
use crate::domain::removal::{Tombstone, Turn};
use crate::domain::stored::Stored;
use crate::error::ApiError;
use crate::log;
use crate::platform::{eager, metrics, pause};
use crate::room::batch::Role;
use crate::room::pace::{self, Pace};

/// How long the archive may take where nobody waits, in milliseconds.
const ARCHIVE_WITHIN_MS: i32 = 10_000;

impl Room {
    /// Sends what is owed, beside whatever the caller goes on to do.
    pub(super) fn deliver_soon(self: &Rc<Self>, record: &Rc<Record>, watchers: usize) {
        let (turn, pace) = self.pace.get().change(now_unix_millis());
        self.pace.set(pace);
        let room = Rc::clone(self);
        match turn {
            pace::Turn::Now => {
                let record = Rc::clone(record);
                self.beside(async move { room.list(&record, watchers).await });
            }
            pace::Turn::After(milliseconds) => {
                self.beside(async move { room.list_after(milliseconds).await })
            }
            pace::Turn::Along => {}
        }
        if record.held().is_urgent() {
            self.stay_awake_for(&self.delivery());
        }
    }

    /// Hands a version in for the list, and sends the batch where nobody does.
    async fn list(&self, record: &Record, watchers: usize) -> Result<(), ApiError> {
        match self.hand_in(record, watchers, None).await? {
            (shard, Role::Sender(sender)) => self.send(shard, sender).await,
            // The alarm that was set with the commit sees to it where nobody does.
            (_, Role::Joined | Role::Refused) => Ok(()),
        }
    }

    /// The same after a pause, of what the transfer is then.
    async fn list_after(&self, milliseconds: i64) -> Result<(), ApiError> {
        pause::milliseconds(milliseconds).await?;
        self.pace.set(Pace::HandedIn(now_unix_millis()));
        match self.row() {
            Some(record) if !self.known.get().is_listed(record.mark()) => {
                self.list(&record, self.watchers()).await
            }
            _ => Ok(()),
        }
    }

    /// Does `work` beside whatever the caller goes on to do.
    fn beside(self: &Rc<Self>, work: impl Future<Output = Result<(), ApiError>> + 'static) {
        let room = Rc::clone(self);
        self.stay_awake_for(&eager::later(async move {
            if let Err(error) = work.await {
                room.log(&error);
            }
            Ok(JsValue::UNDEFINED)
        }));
    }

    /// Keeps the object awake until `work`, which is never rejected, is done.
    fn stay_awake_for(&self, work: &Promise) {
        // The platform takes any promise.
        let _ = self.state.as_raw().wait_until(work);
    }

    /// The delivery that is under way, or a new one.
    pub(super) fn delivery(self: &Rc<Self>) -> Promise {
        if let Some(under_way) = &*self.delivery.borrow() {
            return under_way.clone();
        }
        let room = Rc::clone(self);
        let begun = eager::later(async move {
            let delivered = room.deliver().await;
            room.delivery.replace(None);
            if let Err(error) = delivered {
                room.log(&error);
                room.arm_after_fault();
            }
            Ok(JsValue::UNDEFINED)
        });
        self.delivery.replace(Some(begun.clone()));
        begun
    }

    /// Does what is to be done when the alarm has come. `next_socket` is when the next of the sockets is to be looked at.
    pub(super) async fn settle_accounts(self: &Rc<Self>, next_socket: Option<i64>) -> Result<(), ApiError> {
        if self.stored_here()?.is_none() || (self.row().is_none() && self.tombstone.get().is_none()) {
            return match next_socket {
                Some(at) => self.arm_now(at),
                None => self.leave_nothing().await,
            };
        }
        // One that is under way may have looked before this alarm's time came. The platform repeats the alarm of an
        // object that ends before all this is done.
        let under_way = self.delivery.borrow().clone();
        if let Some(under_way) = under_way {
            JsFuture::from(under_way).await?;
        }
        JsFuture::from(self.delivery()).await?;
        Ok(())
    }

    /// A socket is gone. The last one may be all that the room has stayed for.
    pub(super) fn on_socket_gone(self: &Rc<Self>) {
        if self.first_socket_due().is_some() {
            return;
        }
        let is_over = || {
            self.stored_here()?;
            let held = self.row().map(|record| record.held());
            let policy = self.policy()?;
            Ok(held.is_some_and(|held| policy.is_over(held, now_unix_millis())))
        };
        match is_over() {
            Ok(true) => {
                self.stay_awake_for(&self.delivery());
            }
            Ok(false) => {}
            Err::<_, ApiError>(error) => self.log(&error),
        }
    }

    /// Takes one step after the other until there is nothing to be done now.
    async fn deliver(self: &Rc<Self>) -> Result<(), ApiError> {
        let policy = self.policy()?;
        self.ask_for_alarm().await?;
        let mut failed = Failed::default();
        loop {
            let now = now_unix_millis();
            let record = self.row();
            let held = record.as_ref().map(|record| record.held());
            let first_socket = self.first_socket_due();
            let here = (held, self.tombstone.get());
            let turn = policy.turn(here, &self.known.get(), failed, first_socket, now);
            let (step, record) = match (turn, record) {
                (Turn::Deliver(step), Some(record)) => (step, record),
                (Turn::Remove, _) => {
                    failed.removal = !self.remove_elsewhere().await?;
                    continue;
                }
                (Turn::Verify, _) => {
                    failed.removal = !self.verify_removal().await?;
                    continue;
                }
                (Turn::Wait(at), _) => return self.arm_now(first_socket.map_or(at, |due| due.min(at))),
                (Turn::Done | Turn::Deliver(_), _) => return Ok(()),
            };
            match step {
                Step::List => failed.index = !self.hand_over(&record).await?,
                Step::Confirm => failed.archive = self.confirm(ARCHIVE_WITHIN_MS).await.is_err(),
                Step::Ask => failed.archive = !self.ask_archive(&record).await?,
                Step::Write => failed.archive = !self.write_archive(&record).await?,
                Step::Empty => return self.empty(record).await,
                Step::Wait(at) => return self.arm_now(first_socket.map_or(at, |due| due.min(at))),
                Step::Rest(at) => {
                    return self.rest_until(at, first_socket, record.transfer.status.is_final());
                }
            }
            self.failing.set(self.failing.get().after(step, failed, now));
        }
    }

    /// Reads the archive's copy; `false` when it could not be.
    async fn ask_archive(&self, record: &Record) -> Result<bool, ApiError> {
        let copy = match archive::get(&self.env, &record.transfer.id, ARCHIVE_WITHIN_MS).await {
            Ok(copy) => copy,
            Err(error) => {
                self.log_owed("archive", &error);
                return Ok(false);
            }
        };
        let written = copy.and_then(|copy| copy.written(record));
        self.note(|known| known.note_read(record.mark(), written, now_unix_millis()));
        Ok(true)
    }

    /// Writes a version to the archive; `false` when it could not be.
    async fn write_archive(&self, record: &Record) -> Result<bool, ApiError> {
        let config = Config::of(&self.env).map_err(ApiError::NotConfigured)?;
        let is_listed = self.known.get().is_listed(record.mark());
        let ttl = config.history_ttl_seconds;
        let put = archive::put(&self.env, record, ttl, now_unix_millis(), is_listed).await;
        if let Err(error) = put {
            self.log_owed("archive", &error);
            return Ok(false);
        }
        self.note(|known| known.note_written(record.mark(), now_unix_millis()));
        let age = now_unix_millis().saturating_sub(record.mark().updated_at);
        metrics::archived(&self.env, age);
        Ok(true)
    }

    /// Learns what the archive had before a first update that did not wait for it, and makes one record of both.
    ///
    /// # Errors
    /// [`ApiError::Unreachable`]: it is still unconfirmed.
    pub(super) async fn confirm(self: &Rc<Self>, limit_ms: i32) -> Result<(), ApiError> {
        self.stored_here()?;
        let is_unconfirmed = |record: Rc<Record>| record.unconfirmed.is_some();
        if !self.row().is_some_and(is_unconfirmed) {
            return Ok(());
        }
        let found = archive::get(&self.env, self.id()?, limit_ms).await;
        if let Err(error) = &found {
            self.log_owed("archive", error);
        }
        let found = found?;
        // Updates may have come during the wait, or another confirmation.
        let Some(held) = self.row().filter(|record| record.unconfirmed.is_some()) else {
            return Ok(());
        };
        let now = now_unix_millis();
        let archived = found.as_ref().map(|copy| &copy.record);
        let record = match confirm(&held, archived, Timestamp::from_unix_millis(now)) {
            Confirmed::Merged(merged) => {
                log::reconciled(self.name(), &held, &merged);
                self.secure(now)?;
                self.storage.replace(&merged)?;
                self.note(Known::note_changed);
                let merged = Rc::new(merged);
                self.tell(&merged);
                merged
            }
            Confirmed::Alone(record) => Rc::new(record),
        };
        *self.stored.borrow_mut() = Some(Stored::Here(record));
        Ok(())
    }

    /// Deletes all that the room has stored, the alarm too. The archive has it: it was just read there.
    async fn empty(&self, record: Rc<Record>) -> Result<(), ApiError> {
        self.forget_all(Stored::Archived(record), None).await
    }

    /// A room with no transfer and no socket has nothing to keep, an alarm's record least of all.
    async fn leave_nothing(&self) -> Result<(), ApiError> {
        if self.first_socket_due().is_some() {
            return Ok(());
        }
        let deleted = self.begin_to_forget();
        self.finish_to_forget(deleted).await
    }

    /// Deletes all that is stored here but for `tombstone`; `stored` is what the room says from then on.
    pub(super) async fn forget_all(
        &self,
        stored: Stored,
        tombstone: Option<Tombstone>,
    ) -> Result<(), ApiError> {
        let deleted = self.begin_to_forget();
        *self.stored.borrow_mut() = Some(stored);
        self.tombstone.set(tombstone);
        if let Some(tombstone) = tombstone {
            self.storage.note_deletion(tombstone)?;
            self.set_alarm(tombstone.end())?;
        }
        self.finish_to_forget(deleted).await
    }

    /// The platform deletes in this very call, so that whatever is written from here on comes after it.
    fn begin_to_forget(&self) -> Result<Promise, JsValue> {
        self.alarm.set(Some(None));
        self.state.storage().as_raw().delete_all()
    }

    async fn finish_to_forget(&self, deleted: Result<Promise, JsValue>) -> Result<(), ApiError> {
        let outcome = match deleted {
            Ok(deleted) => JsFuture::from(deleted).await,
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            // What is stored now is to be looked up again.
            self.alarm.set(None);
            self.tombstone.set(None);
            *self.stored.borrow_mut() = None;
        }
        outcome?;
        Ok(())
    }

    /// What the room itself holds, as far as it was looked up.
    pub(super) fn row(&self) -> Option<Rc<Record>> {
        self.stored.borrow().as_ref().and_then(Stored::row).cloned()
    }
}
