//! The service as a test holds it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use transfer_status::{
    Client, ClientBuilder, Clock, CloseCode, Key, KeyRing, Publisher, PublisherBuilder, Signature, Timestamp,
    Transfer, TransferId, Update,
};
use transfer_status_protocol::ServerMessage;

use crate::clock::TokioClock;
use crate::connector::Connector;
use crate::ledger::{self, Conflict};

/// The address of every fake service. Nothing looks it up.
const URL: &str = "http://localhost";
/// What the publishers of a service sign with that was given no keys.
const ANY_KEY: &str = "any key will do for a service that does not look at signatures";
/// What [`FakeService::signature`] gives.
const ANY_SIGNATURE: &str = "YW55.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A service that holds transfers in memory. Clones are the same service.
///
/// It takes any signature, unless it was made by [`FakeService::with_keys`].
#[derive(Clone)]
pub struct FakeService {
    shared: Shared,
}

/// What a watcher's socket is told to do.
pub(crate) enum Order {
    /// Send this message.
    Tell(String),
    /// Close in good order.
    Close(CloseCode),
    /// Be gone, as on a network that fails.
    Cut,
}

/// What a service with keys checks signatures with.
pub(crate) struct Keys {
    pub(crate) update: Key,
    pub(crate) subscribe: KeyRing,
}

#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    keys: Option<Keys>,
    clock: TokioClock,
    /// Counts how often all connections were cut.
    cuts: watch::Sender<u64>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) is_reachable: bool,
    transfers: HashMap<TransferId, Transfer>,
    sockets: HashMap<TransferId, Vec<mpsc::UnboundedSender<Order>>>,
    refused: HashSet<TransferId>,
    updates: Vec<Update>,
}

impl FakeService {
    /// An empty service that takes any signature.
    pub fn new() -> Self {
        Self::with(None)
    }

    /// An empty service that checks signatures as the real one does: updates by `update`, what is watched by
    /// `subscribe`. For the tests of what signs and mints.
    pub fn with_keys(update: Key, subscribe: Key) -> Self {
        Self::with(Some(Keys {
            update,
            subscribe: KeyRing::new(subscribe),
        }))
    }

    fn with(keys: Option<Keys>) -> Self {
        let state = State {
            is_reachable: true,
            ..State::default()
        };
        Self {
            shared: Shared(Arc::new(Inner {
                state: Mutex::new(state),
                keys,
                clock: TokioClock::new(),
                cuts: watch::Sender::new(0),
            })),
        }
    }

    /// What a program is given as the service's address, beside [`FakeService::connector`].
    pub fn url(&self) -> &'static str {
        URL
    }

    /// The way here, for a program that builds its client or publisher itself.
    pub fn connector(&self) -> Connector {
        Connector {
            shared: self.shared.clone(),
        }
    }

    /// A client of this service, on tokio's clock.
    pub fn client(&self) -> ClientBuilder {
        Client::builder(URL)
            .connector(self.connector())
            .clock(self.shared.0.clock)
    }

    /// A publisher to this service. Its key is that of [`FakeService::with_keys`].
    pub fn publisher(&self) -> PublisherBuilder {
        let key = match &self.shared.0.keys {
            Some(keys) => keys.update.clone(),
            None => Key::new(ANY_KEY).unwrap_or_else(|_| unreachable!("it is not empty")),
        };
        Publisher::builder(URL, key).connector(self.connector())
    }

    /// A signature that opens `transfer_id` here, as long as the service has no keys.
    pub fn signature(&self, _transfer_id: &str) -> Signature {
        Signature::new(ANY_SIGNATURE).unwrap_or_else(|_| unreachable!("it has the form of one"))
    }

    /// A backend has reported: whoever watches is told, and a final status closes their sockets.
    ///
    /// # Errors
    /// It cannot follow what is stored; the real service answers 409.
    pub fn update(&self, update: Update) -> Result<Transfer, Conflict> {
        self.shared.update(update)
    }

    /// The transfer as it stands; announced, with version 0, when nothing was reported.
    pub fn transfer(&self, transfer_id: &TransferId) -> Transfer {
        self.shared.transfer(transfer_id)
    }

    /// All updates that were sent and had a right signature, in their order, those in conflict included.
    pub fn updates(&self) -> Vec<Update> {
        self.shared.state().updates.clone()
    }

    /// How many sockets watch the transfer.
    pub fn watchers(&self, transfer_id: &TransferId) -> usize {
        self.shared.state().sockets.get(transfer_id).map_or(0, Vec::len)
    }

    /// A phone has read the code, or with `false` was put away: whoever watches is told.
    pub fn scan(&self, transfer_id: &TransferId, scanned: bool) {
        self.shared.scan(transfer_id, scanned);
    }

    /// Cuts the sockets of a transfer, as a network does that fails. The watches come back.
    pub fn drop_sockets(&self, transfer_id: &TransferId) {
        self.shared.state().order(transfer_id, || Order::Cut);
    }

    /// Closes the sockets of a transfer with `code`, as a deploy (1013) or an operator does.
    pub fn close_sockets(&self, transfer_id: &TransferId, code: CloseCode) {
        self.shared.state().order(transfer_id, || Order::Close(code));
    }

    /// From now on, every signature for this transfer is wrong: sockets are closed with 4401, requests answered 401.
    pub fn refuse(&self, transfer_id: &TransferId) {
        let mut state = self.shared.state();
        state.refused.insert(transfer_id.clone());
        state.order(transfer_id, || Order::Close(CloseCode::UNAUTHORIZED));
    }

    /// With `false` all connections are cut and nobody gets through, until `true`.
    pub fn set_reachable(&self, is_reachable: bool) {
        let mut state = self.shared.state();
        state.is_reachable = is_reachable;
        if !is_reachable {
            state.sockets.clear();
            self.shared.0.cuts.send_modify(|cuts| *cuts += 1);
        }
    }
}

impl Default for FakeService {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FakeService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeService").finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere has its own say; what is here is whole at every step.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keys(&self) -> Option<&Keys> {
        self.0.keys.as_ref()
    }

    /// Unix seconds.
    pub(crate) fn seconds(&self) -> u64 {
        self.0.clock.unix_time().as_secs()
    }

    pub(crate) fn cuts(&self) -> watch::Receiver<u64> {
        self.0.cuts.subscribe()
    }

    fn now(&self) -> Timestamp {
        let millis = self.0.clock.unix_time().as_millis();
        Timestamp::from_unix_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    pub(crate) fn is_refused(&self, id: &TransferId) -> bool {
        self.state().refused.contains(id)
    }

    pub(crate) fn transfer(&self, id: &TransferId) -> Transfer {
        let now = self.now();
        self.state().read(id, now)
    }

    /// A watcher's orders, the first of them the transfer as it stands.
    pub(crate) fn join(&self, id: &TransferId) -> mpsc::UnboundedReceiver<Order> {
        let (sender, orders) = mpsc::unbounded_channel();
        let now = self.now();
        let mut state = self.state();
        let transfer = state.read(id, now);
        let mut told = sender.send(Order::Tell(ServerMessage::encode_status(&transfer)));
        if transfer.status.is_final() {
            told = told.and_then(|()| sender.send(Order::Close(CloseCode::NORMAL)));
        } else {
            state.sockets.entry(id.clone()).or_default().push(sender);
        }
        // The other end is in this very function.
        debug_assert!(told.is_ok());
        orders
    }

    /// Takes the sockets out that are gone.
    pub(crate) fn leave(&self, id: &TransferId) {
        if let Some(sockets) = self.state().sockets.get_mut(id) {
            sockets.retain(|socket| !socket.is_closed());
        }
    }

    pub(crate) fn update(&self, update: Update) -> Result<Transfer, Conflict> {
        let now = self.now();
        let mut state = self.state();
        state.updates.push(update.clone());
        let id = update.transfer_id.clone();
        let before = state.read(&id, now);
        let after = ledger::apply(&before, update, now)?;
        if after.version != before.version {
            state.transfers.insert(id.clone(), after.clone());
            let message = ServerMessage::encode_status(&after);
            state.order(&id, || Order::Tell(message.clone()));
            if after.status.is_final() {
                state.order(&id, || Order::Close(CloseCode::NORMAL));
            }
        }
        Ok(after)
    }

    pub(crate) fn scan(&self, id: &TransferId, scanned: bool) -> String {
        let message = ServerMessage::Scan {
            transfer_id: id.clone(),
            scanned,
            at: self.now(),
        };
        let message = message.encode();
        self.state().order(id, || Order::Tell(message.clone()));
        message
    }
}

impl State {
    fn read(&self, id: &TransferId, now: Timestamp) -> Transfer {
        let known = self.transfers.get(id).cloned();
        known.unwrap_or_else(|| Transfer::announced(id.clone(), now))
    }

    /// Gives the sockets of a transfer an order; one that ends them is their last.
    fn order(&mut self, id: &TransferId, order: impl Fn() -> Order) {
        if let Some(sockets) = self.sockets.get_mut(id) {
            sockets.retain(|socket| {
                let order = order();
                let goes_on = matches!(order, Order::Tell(_));
                socket.send(order).is_ok() && goes_on
            });
        }
    }
}
