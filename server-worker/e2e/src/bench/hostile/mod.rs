//! Hostile clients: what each of them costs the honest ones and the machine, and what it leaves behind.
//!
//! While an attack goes on, an honest payment is reported and watched; afterwards the server is asked what it has stored.
//! An attack fails the bench where an honest update takes too long, or rows, archive entries or memory are left.

mod requests;
mod sockets;

use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde_json::{Value, json};
use transfer_status::{Status, TransferId};
use transfer_status_e2e::{Options, Server};

use crate::backend::Backend;
use crate::machine::{OTHER_FILES, dropped_by_full_listeners, resident_kib};
use crate::report::{Durations, Report, rounded};
use crate::watcher::Watcher;

/// An honest update may take this long from its report to its watcher, whatever goes on and however busy the machine is.
const HONEST_WITHIN: f64 = 10_000.0;
/// The bench itself waits longer, so that one that took too long is told and not a reason to give up.
const HONEST_PATIENCE: Duration = Duration::from_secs(120);
/// What an attack may leave in memory once it is over, for each socket, request or frame of it. An object whose last
/// socket has gone stays for seconds, and the runtime gives memory back when it likes.
const LEFT_KIB: f64 = 512.0;
/// And beside that, whatever the size.
const LEFT_MIB: f64 = 256.0;

/// Files beside those of the sockets, some of which linger into the next attack.
const SPARE_FILES: u64 = 10 * OTHER_FILES;

/// Sockets that are being opened at a time.
const OPENING: usize = 100;

/// How hard they try.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Sockets that are opened.
    pub(crate) sockets: usize,
    /// How many of them at a time.
    pub(crate) at_once: usize,
    /// Frames or requests that are sent as fast as they go out.
    pub(crate) burst: usize,
    /// For how long what is slow goes on.
    pub(crate) time: Duration,
}

impl Size {
    pub(crate) const QUICK: Self = Self {
        sockets: 300,
        at_once: 300,
        burst: 1_000,
        time: Duration::from_secs(4),
    };
    pub(crate) const FULL: Self = Self {
        sockets: 10_000,
        at_once: 10_000,
        burst: 20_000,
        time: Duration::from_secs(20),
    };

    /// What the server may have open at a time: workerd has two descriptors of each connection.
    pub(crate) fn open_files(self) -> u64 {
        2 * self.sockets as u64 + SPARE_FILES
    }

    /// The same where so many files may be open: no socket of it fails for want of one.
    pub(crate) fn with_open_files(mut self, allowed: u64) -> Self {
        let pairs = usize::try_from(allowed.saturating_sub(SPARE_FILES) / 2);
        self.at_once = self.at_once.min(pairs.unwrap_or(usize::MAX)).max(OPENING);
        self
    }
}

/// What the server is started with.
pub(crate) fn options() -> Options {
    Options::default().with_instruments()
}

/// What hostile clients do, in the order in which they are let loose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Attack {
    Nothing,
    SlowHeads,
    MuteSockets,
    SilentHolders,
    BadFrames,
    EndlessFrame,
    Flood,
    DeafReaders,
    Guessing,
    Smuggling,
    PathTricks,
}

impl Attack {
    /// What it is called in the results.
    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::SlowHeads => "slow heads",
            Self::MuteSockets => "mute sockets",
            Self::SilentHolders => "silent holders",
            Self::BadFrames => "bad frames",
            Self::EndlessFrame => "endless frame",
            Self::Flood => "flood",
            Self::DeafReaders => "deaf readers",
            Self::Guessing => "guessing",
            Self::Smuggling => "smuggling",
            Self::PathTricks => "path tricks",
        }
    }

    async fn on(self, server: &Server, size: Size) -> Value {
        match self {
            Self::Nothing => json!({}),
            Self::SlowHeads => requests::slow_heads(server, size).await,
            Self::MuteSockets => sockets::never_subscribe(server, size).await,
            Self::SilentHolders => sockets::silent_holders(server, size).await,
            Self::BadFrames => sockets::bad_frames(server).await,
            Self::EndlessFrame => sockets::endless_frames(server, size).await,
            Self::Flood => sockets::flood(server, size).await,
            Self::DeafReaders => sockets::deaf_readers(server, size).await,
            Self::Guessing => requests::guess(server, size).await,
            Self::Smuggling => requests::smuggle(server).await,
            Self::PathTricks => requests::path_tricks(server).await,
        }
    }
}

/// Lets those loose that are wanted, or all, one after the other. Whether everything held.
pub(crate) async fn run(server: &Server, size: Size, only: &[Attack], report: &Report) -> bool {
    let mut honest = Honest::begin(server).await;
    let mut holds = true;
    for attack in Attack::value_variants() {
        if only.is_empty() || only.contains(attack) {
            let before = Before::look(server).await;
            let meanwhile = honest
                .meanwhile(server.pid(), size.time, attack.on(server, size))
                .await;
            holds &= before.judge(server, attack.name(), meanwhile, report).await;
        }
    }
    holds
}

/// A payment whose backend reports it and whose watcher watches it, as is right.
struct Honest {
    id: TransferId,
    backend: Backend,
    watcher: Watcher,
    version: u64,
}

impl Honest {
    async fn begin(server: &Server) -> Self {
        let id: TransferId = "honest".parse().expect("an id");
        let mut backend = Backend::connect(server).await.patient(HONEST_PATIENCE);
        backend.report(&id, &Status::Pending, "begun").await;
        let watcher = Watcher::open(server, &id).await;
        Self {
            id,
            backend,
            watcher,
            version: 1,
        }
    }

    /// Reports and watches until `attack` on the process `pid` is over, and for `least` at least.
    async fn meanwhile(
        &mut self,
        pid: u32,
        least: Duration,
        attack: impl Future<Output = Value>,
    ) -> Meanwhile {
        let begun = Instant::now();
        let reconnected = self.backend.reconnected();
        let dropped = dropped_by_full_listeners();
        let mut latency = Durations::default();
        let mut peak_kib = 0;
        let mut figures = None;
        tokio::pin!(attack);
        while figures.is_none() || latency.len() < 20 && begun.elapsed() < least {
            let update = async {
                self.version += 1;
                let step = self.version.to_string();
                let asked = Instant::now();
                self.backend.report(&self.id, &Status::Processing, &step).await;
                self.watcher.version_within(HONEST_PATIENCE, self.version).await;
                let took = asked.elapsed();
                // The honest are no load by themselves.
                tokio::time::sleep(Duration::from_millis(50)).await;
                took
            };
            tokio::pin!(update);
            let took = loop {
                tokio::select! {
                    took = &mut update => break took,
                    done = &mut attack, if figures.is_none() => figures = Some(done),
                }
            };
            latency.push(took);
            peak_kib = peak_kib.max(resident_kib(pid));
        }
        Meanwhile {
            latency,
            peak_kib,
            reconnected: self.backend.reconnected() - reconnected,
            dropped: dropped_by_full_listeners().saturating_sub(dropped),
            figures: figures.unwrap_or_default(),
        }
    }
}

/// What was seen while an attack went on.
struct Meanwhile {
    /// What each honest update took.
    latency: Durations,
    /// The most memory that the server had, of as many looks as there were honest updates.
    peak_kib: u64,
    /// How often the honest backend found its connection closed, and sent its update again on a new one.
    reconnected: u64,
    /// Connections that the kernel dropped since the server had not accepted those before them.
    dropped: u64,
    /// What the attack says of itself.
    figures: Value,
}

/// What there was before an attack.
struct Before {
    resident_kib: u64,
    rows: u64,
    archived: u64,
    version: u64,
}

impl Before {
    async fn look(server: &Server) -> Self {
        let counts = server.instruments().await;
        Self {
            resident_kib: resident_kib(server.pid()),
            rows: counts.room.rows_written + counts.shard.rows_written,
            archived: counts.archive.writes,
            version: honest_version(server).await,
        }
    }

    /// Tells the figures, and whether the attack has cost no more than it may.
    async fn judge(self, server: &Server, name: &str, meanwhile: Meanwhile, report: &Report) -> bool {
        let Meanwhile {
            latency,
            peak_kib,
            reconnected,
            dropped,
            mut figures,
        } = meanwhile;
        let tried = figures["tried"].as_f64().unwrap_or_default();
        let resident_after = resident_kib(server.pid());
        // Every object of an attack has to have had the time to notice that its sockets are gone.
        let after = Self::look(server).await;
        let updates = after.version - self.version + figures["rightfulUpdates"].as_u64().unwrap_or_default();
        let transfers = figures["rightfulTransfers"].as_u64().unwrap_or_default();
        let rows = (after.rows - self.rows).saturating_sub(rightful_rows(updates, transfers));
        let left = (resident_after as f64 - self.resident_kib as f64).max(0.0);
        let peak = (peak_kib as f64 - self.resident_kib as f64).max(0.0);
        let wrong: Vec<String> = figures["wrong"]
            .as_array()
            .into_iter()
            .flatten()
            .map(Value::to_string)
            .collect();
        let slowest = latency.quantile(1.0);
        let memory_allowed = LEFT_MIB * 1024.0 + LEFT_KIB * tried;
        let checks = [
            (slowest > HONEST_WITHIN, "an honest update took too long"),
            (rows > 0, "rows were left behind"),
            (after.archived > self.archived, "the archive was written"),
            (left.max(peak) > memory_allowed, "it took too much memory"),
            (!wrong.is_empty(), "what came back is wrong"),
        ];
        let faults: Vec<&str> = checks
            .iter()
            .filter(|(is_so, _)| *is_so)
            .map(|(_, fault)| *fault)
            .collect();
        figures["honestMedianMs"] = json!(latency.quantile(0.5));
        figures["honestP99Ms"] = json!(latency.quantile(0.99));
        figures["honestSlowestMs"] = json!(slowest);
        figures["honestUpdates"] = json!(latency.len());
        figures["honestReconnected"] = json!(reconnected);
        figures["connectionsDropped"] = json!(dropped);
        figures["rowsLeft"] = json!(rows);
        figures["peakMiBMore"] = json!(rounded(peak / 1024.0));
        figures["residentMiBMore"] = json!(rounded(left / 1024.0));
        figures["faults"] = json!(faults);
        let words = format!("{name}: {figures}");
        report.result(name, &words, figures);
        faults.is_empty()
    }
}

async fn honest_version(server: &Server) -> u64 {
    server.payment_named("honest").version().await
}

/// What so many updates of two transfers that are not over, and of so many more, write: one row each, one more for each
/// sixteen changes that move, and a few for alarms and the list of recent transfers.
const fn rightful_rows(updates: u64, more_transfers: u64) -> u64 {
    updates + updates / 16 + 6 + 3 * more_transfers
}
