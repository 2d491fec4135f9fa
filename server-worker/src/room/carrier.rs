//! A room's way to the recent index: by the mailbag of its isolate, which one of its rooms carries at a time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use worker::js_sys::{Function, Promise};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;

use super::Room;
use crate::clock::now_unix_millis;
use crate::config::Config;
use crate::domain::outbox::Delivered;
use crate::domain::record::Record;
use crate::error::ApiError;
use crate::platform::pause;
use crate::recent;
use crate::room::mailbag::{Carrier, Mailbag, Next, Parcel, Role};

/// Arrival is noted in the room's memory, which outlives the room where that is gone; those who wait are called
/// by a function, for the platform lets an object go on only in its own context.
type Bag = Mailbag<Rc<Cell<Delivered>>, Function>;

thread_local! {
    /// One a shard, by its number.
    static BAGS: RefCell<Vec<Bag>> = const { RefCell::new(Vec::new()) };
}

impl Room {
    /// Puts a version into the bag once it is durable; a [`Role::Carrier`] is to [`Room::carry`] then. The bag may
    /// be carried by another room, whose calls do not wait for what this one has yet to commit.
    pub(super) async fn hand_in(
        &self,
        record: &Record,
        watchers: usize,
        waiting: Option<Function>,
    ) -> Result<(u16, Role), ApiError> {
        self.storage.durable().await?;
        let config = Config::of(&self.env).map_err(ApiError::NotConfigured)?;
        let shard = recent::shard_of(record.transfer.id.as_str(), config.recent_shards);
        let parcel = Parcel {
            id: record.transfer.id.as_str().into(),
            version: record.version(),
            text: recent::line(record, watchers),
            receipt: Rc::clone(&self.delivered),
            waiting: waiting.into_iter().collect(),
        };
        Ok((shard, with_bag(shard, |bag| bag.put(parcel, now_unix_millis()))))
    }

    /// Hands a version in and waits until it has arrived; `false` when it has not.
    pub(super) async fn hand_over(&self, record: &Record) -> Result<bool, ApiError> {
        let mut on_outcome = None;
        let outcome = Promise::new(&mut |resolve, _| on_outcome = Some(resolve));
        match self.hand_in(record, self.watchers(), on_outcome).await? {
            (_, Role::Refused) => return Ok(false),
            (_, Role::Handed) => {}
            (shard, Role::Carrier(carrier)) => self.carry(shard, carrier).await?,
        }
        Ok(JsFuture::from(outcome).await?.is_truthy())
    }

    /// Carries a shard's bag until it is empty. Where the shard fails, what is in the bag stays there for whoever
    /// carries next, which is this room again after the pause of a retry.
    pub(super) async fn carry(&self, shard: u16, carrier: Carrier) -> Result<(), ApiError> {
        loop {
            match with_bag(shard, |bag| bag.next(carrier, now_unix_millis())) {
                Next::Done => return Ok(()),
                Next::Pause(milliseconds) => pause::milliseconds(milliseconds).await?,
                Next::Send(lines) => {
                    if let Err(error) = recent::put(&self.env, shard, &lines).await {
                        self.log_owed("recent index", &error);
                        tell(with_bag(shard, |bag| bag.failed(carrier)), false);
                        return self.retry_later().await;
                    }
                    for parcel in with_bag(shard, |bag| bag.arrived(carrier, now_unix_millis())) {
                        parcel
                            .receipt
                            .set(parcel.receipt.get().with_index(parcel.version));
                        tell(parcel.waiting, true);
                    }
                }
            }
        }
    }
}

fn with_bag<T>(shard: u16, work: impl FnOnce(&mut Bag) -> T) -> T {
    BAGS.with_borrow_mut(|bags| {
        let place = usize::from(shard);
        if bags.len() <= place {
            bags.resize_with(place + 1, Bag::default);
        }
        work(&mut bags[place])
    })
}

fn tell(waiting: Vec<Function>, arrived: bool) {
    for on_outcome in waiting {
        let _ = on_outcome.call1(&JsValue::UNDEFINED, &arrived.into());
    }
}
