//! Carries the outbox out: the transfer to the recent index and to the archive, and in the end the room
//! out of existence.

use std::rc::Rc;

use super::{Room, Stored, turn};
use crate::archive;
use crate::clock::now_unix_millis;
use crate::config::Config;
use crate::domain::outbox::{Held, Owed, Policy};
use crate::domain::record::Record;
use crate::error::ApiError;
use crate::platform::bindings;
use crate::room::mailbag::Role;

/// A socket may be open where nothing is to be said any more, until its own time is over.
const LATER_MS: i64 = 60_000;

impl Room {
    /// Sends what is owed, beside whatever the caller goes on to do.
    pub(super) fn deliver_soon(self: &Rc<Self>, record: &Rc<Record>, watchers: usize) {
        let handed_in = Rc::clone(record);
        self.beside(move |room| async move {
            match room.hand_in(&handed_in, watchers, None).await? {
                (shard, Role::Carrier(carrier)) => room.carry(shard, carrier).await,
                // The alarm that was set with the commit sees to it where nobody does.
                (_, Role::Handed | Role::Refused) => Ok(()),
            }
        });
        // The delivery that is under way looks again when it is through.
        if record.held().is_final && !self.delivering.replace(true) {
            self.beside(|room| async move {
                let delivered = match turn::take().await {
                    Ok(Some(_turn)) => room.deliver(false).await,
                    // The alarm that was set with the commit does it.
                    Ok(None) => Ok(()),
                    Err(error) => Err(error),
                };
                room.delivering.set(false);
                delivered
            });
        }
    }

    /// Does this after the answer; only the log hears of its failure.
    fn beside<F: Future<Output = Result<(), ApiError>> + 'static>(
        self: &Rc<Self>,
        work: impl FnOnce(Rc<Self>) -> F + 'static,
    ) {
        let room = Rc::clone(self);
        self.state.wait_until(async move {
            if let Err(error) = work(Rc::clone(&room)).await {
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
            let arrived = self.delivered.get().with_index(record.version());
            self.delivered.set(arrived.with_archive(record.version()));
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
                return self.retry_later().await;
            }
        }
        Ok(())
    }

    /// Sends one version to where it is owed; `false` when one of them did not take it.
    async fn send(&self, record: &Record, owed: Owed, ask_first: bool) -> Result<bool, ApiError> {
        let archived = !owed.archive || self.archive(record, ask_first).await?;
        // By now it has arrived there on its own, mostly.
        let indexed = self.delivered.get().index >= record.version() || self.hand_over(record).await?;
        Ok(archived && indexed)
    }

    /// Writes a version to the archive; `false` when it could not be.
    async fn archive(&self, record: &Record, ask_first: bool) -> Result<bool, ApiError> {
        let config = Config::of(&self.env).map_err(ApiError::NotConfigured)?;
        if !(ask_first && self.has_archived(record).await) {
            let put = archive::put(&self.env, record, config.history_ttl_seconds);
            if let Err(error) = bindings::resolve(put).await {
                self.log_owed("archive", &error);
                return Ok(false);
            }
        }
        self.delivered
            .set(self.delivered.get().with_archive(record.version()));
        Ok(true)
    }

    /// Whether the archive has this very version; when it cannot be asked, it is written to anyway.
    async fn has_archived(&self, record: &Record) -> bool {
        match archive::get(&self.env, &record.transfer.id).await {
            Ok(Some(archived)) => archived.version() == record.version(),
            Ok(None) | Err(_) => false,
        }
    }

    /// Sets the alarm for another attempt.
    pub(super) async fn retry_later(&self) -> Result<(), ApiError> {
        match self.row() {
            Some(record) => {
                let at = self.policy()?.retry(record.held(), now_unix_millis());
                self.arm(Some(at)).await
            }
            None => Ok(()),
        }
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
