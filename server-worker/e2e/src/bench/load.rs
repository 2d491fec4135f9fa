//! What is put on a service: transfers that are watched, whole lives of many of them, and what each update took.

use std::time::{Duration, Instant};

use transfer_status::{Status, TransferId};

use crate::backend::Backend;
use crate::report::Durations;
use crate::service::Service;
use crate::watcher::Watcher;

/// Updates that are under way at a time.
pub(crate) const IN_FLIGHT: usize = 16;
/// After 10 s of silence the runtime lets go of an object; its own clean-up takes a moment more.
pub(crate) const ASLEEP_AFTER: Duration = Duration::from_secs(14);
/// What a payment goes through.
pub(crate) const LIFE: [Status; 3] = [Status::Pending, Status::Processing, Status::Completed];

/// One transfer with its only watcher.
pub(crate) struct Watched {
    pub(crate) id: TransferId,
    pub(crate) watcher: Watcher,
    version: u64,
}

impl Watched {
    pub(crate) async fn open(server: &dyn Service, id: String) -> Self {
        let id: TransferId = id.parse().expect("an id");
        Self {
            watcher: Watcher::open(server, &id).await,
            id,
            version: 0,
        }
    }

    /// Reports the next version and waits until it is both acknowledged and seen.
    pub(crate) async fn change(&mut self, backend: &mut Backend, status: &Status) -> Timed {
        self.version += 1;
        let message = format!("step {}", self.version);
        let begun = Instant::now();
        let acknowledged = async {
            backend.report(&self.id, status, &message).await;
            begun.elapsed()
        };
        let received = async {
            self.watcher.version(self.version).await;
            begun.elapsed()
        };
        let (acknowledged, received) = tokio::join!(acknowledged, received);
        Timed {
            acknowledged,
            received,
        }
    }
}

/// How long one update took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timed {
    /// Until its answer was here.
    pub(crate) acknowledged: Duration,
    /// Until the watcher had it.
    pub(crate) received: Duration,
}

/// How long many took.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    pub(crate) acknowledged: Durations,
    pub(crate) received: Durations,
}

impl Timings {
    pub(crate) fn push(&mut self, timed: Timed) {
        self.acknowledged.push(timed.acknowledged);
        self.received.push(timed.received);
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.acknowledged.append(other.acknowledged);
        self.received.append(other.received);
    }
}

/// [`IN_FLIGHT`] backends, and the transfers that each of them reports: whole lives, one status of each in turn.
pub(crate) struct Wave {
    lanes: Vec<(Backend, Vec<Watched>)>,
}

impl Wave {
    /// Opens a socket for each of `transfers` transfers, named after `name`. Not part of what is timed.
    pub(crate) async fn open(server: &dyn Service, name: &str, transfers: usize) -> Self {
        let lanes = (0..IN_FLIGHT).map(|lane| async move {
            let mut watched = Vec::new();
            for number in (lane..transfers).step_by(IN_FLIGHT) {
                watched.push(Watched::open(server, format!("{name}-{number}")).await);
            }
            (Backend::connect(server).await, watched)
        });
        Self {
            lanes: futures_util::future::join_all(lanes).await,
        }
    }

    /// Reports all of it and gives the time that the whole took.
    pub(crate) async fn ride(&mut self, timings: &mut Timings) -> Duration {
        let begun = Instant::now();
        let lanes = self.lanes.iter_mut().map(|(backend, watched)| async move {
            let mut timings = Timings::default();
            for status in &LIFE {
                for transfer in watched.iter_mut() {
                    timings.push(transfer.change(backend, status).await);
                }
            }
            timings
        });
        let done = futures_util::future::join_all(lanes).await;
        let took = begun.elapsed();
        for lane in done {
            timings.append(lane);
        }
        took
    }

    /// Lets the sockets end, as the server has closed them.
    pub(crate) async fn end(self) {
        for (_, watched) in self.lanes {
            for transfer in watched {
                transfer.watcher.end().await;
            }
        }
    }
}
