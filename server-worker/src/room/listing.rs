//! A room's way to the recent index: by the batch of its isolate, which one of its rooms sends at a time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use worker::js_sys::{Function, Promise};
use worker::wasm_bindgen::JsValue;

use super::Room;
use crate::clock::now_unix_millis;
use crate::config::Config;
use crate::domain::outbox::Known;
use crate::domain::record::Record;
use crate::error::ApiError;
use crate::log;
use crate::platform::{deadline, metrics, pause};
use crate::recent;
use crate::room::batch::{Batch, Change, MOST_BYTES, Next, Role, Sender};

/// How long a room waits for its change to arrive, in milliseconds: another one sends it, which may end before it has.
const ARRIVES_WITHIN_MS: i32 = 15_000;

/// Arrival is noted in the room's memory, which outlives the room where that is gone; those who wait are called
/// by a function, for the platform lets an object go on only in its own context.
type Queue = Batch<Rc<Cell<Known>>, Function>;

thread_local! {
    /// One a shard, by its number.
    static QUEUES: RefCell<Vec<Queue>> = const { RefCell::new(Vec::new()) };
}

impl Room {
    /// Adds a version to the batch once it is durable; a [`Role::Sender`] is to [`Room::send`] then. The batch may
    /// be sent by another room, whose calls do not wait for what this one has yet to commit.
    pub(super) async fn hand_in(
        &self,
        record: &Record,
        watchers: usize,
        waiting: Option<Function>,
    ) -> Result<(u16, Role), ApiError> {
        self.storage.durable().await?;
        let config = Config::of(&self.env).map_err(ApiError::NotConfigured)?;
        let id = record.transfer.id.as_str();
        let shard = recent::shard_of(id, config.recent_shards);
        let change = Change {
            id: id.into(),
            mark: record.mark(),
            text: recent::line(record, watchers),
            receipt: Rc::clone(&self.known),
            waiting: waiting.into_iter().collect(),
        };
        let all = QUEUES.with_borrow(|queues| queues.iter().map(Batch::bytes).sum());
        let room = MOST_BYTES.saturating_sub(all);
        Ok((
            shard,
            with_queue(shard, |queue| queue.put(change, room, now_unix_millis())),
        ))
    }

    /// Hands a version in and waits until it has arrived; `false` when it has not.
    pub(super) async fn hand_over(&self, record: &Record) -> Result<bool, ApiError> {
        let mut on_outcome = None;
        let outcome = Promise::new(&mut |resolve, _| on_outcome = Some(resolve));
        match self.hand_in(record, self.watchers(), on_outcome).await? {
            (_, Role::Refused) => return Ok(false),
            (_, Role::Joined) => {}
            (shard, Role::Sender(sender)) => self.send(shard, sender).await?,
        }
        let arrived = deadline::within(ARRIVES_WITHIN_MS, Ok(outcome)).await;
        Ok(arrived.is_ok_and(|arrived| arrived.is_truthy()))
    }

    /// Has the transfer taken off the list, in every state up to `deleted_at`; `false` when it is not yet. It goes beside
    /// the batch, which it would hold up where it fails; what is late there is no news to a shard that knows of this.
    pub(super) async fn take_off_the_list(&self, deleted_at: i64) -> Result<bool, ApiError> {
        self.storage.durable().await?;
        let id = self.id()?.as_str();
        let config = Config::of(&self.env).map_err(ApiError::NotConfigured)?;
        let shard = recent::shard_of(id, config.recent_shards);
        let removed = recent::remove(&self.env, shard, id, deleted_at).await;
        if let Err(error) = &removed {
            self.log_owed("list", error);
        }
        Ok(removed.is_ok())
    }

    /// Sends a shard's batch until it is empty. Where the shard fails, what is in it stays there for whoever
    /// sends next, which is this room again after the pause of a retry.
    pub(super) async fn send(&self, shard: u16, sender: Sender) -> Result<(), ApiError> {
        loop {
            match with_queue(shard, |queue| queue.next(sender, now_unix_millis())) {
                Next::Done => return Ok(()),
                Next::Pause(milliseconds) => pause::milliseconds(milliseconds).await?,
                Next::Send(lines) => {
                    if let Err(error) = recent::put(&self.env, shard, &lines).await {
                        let (ids, waiting) = with_queue(shard, |queue| queue.failed(sender));
                        log::not_listed(&ids, &error.to_string(), error.cause());
                        metrics::delivery_failed(&self.env, "list");
                        tell(waiting, false);
                        return self.retry_later().await;
                    }
                    let arrived = with_queue(shard, |queue| queue.arrived(sender, now_unix_millis()));
                    for change in arrived {
                        let mut known = change.receipt.get();
                        known.note_listed(change.mark);
                        change.receipt.set(known);
                        tell(change.waiting, true);
                    }
                }
            }
        }
    }

    /// Sets the alarm for another attempt.
    async fn retry_later(&self) -> Result<(), ApiError> {
        match self.row() {
            Some(record) => {
                let at = self.policy()?.retry(record.mark().updated_at, now_unix_millis());
                self.arm(Some(at)).await
            }
            None => Ok(()),
        }
    }
}

fn with_queue<T>(shard: u16, work: impl FnOnce(&mut Queue) -> T) -> T {
    QUEUES.with_borrow_mut(|queues| {
        let place = usize::from(shard);
        if queues.len() <= place {
            queues.resize_with(place + 1, Queue::default);
        }
        work(&mut queues[place])
    })
}

fn tell(waiting: Vec<Function>, arrived: bool) {
    for on_outcome in waiting {
        let _ = on_outcome.call1(&JsValue::UNDEFINED, &arrived.into());
    }
}
