//! What PROTOCOL.md promises, as rules about what is seen from outside. Nothing here knows how it is kept: states are read
//! out of the JSON that was stored, sent or shown, by this file alone. Each rule quotes its sentence.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::plan::Ms;

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The sentence.
    pub rule: &'static str,
    /// What happened.
    pub detail: String,
    /// When, in milliseconds since the world began.
    pub at: i64,
}

/// A state of a transfer, as far as anybody outside can tell states apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct State {
    pub(crate) version: u64,
    pub(crate) updated_at: String,
    pub(crate) status: String,
    pub(crate) message: Option<String>,
}

impl State {
    fn of(transfer: &Value) -> Option<Self> {
        Some(Self {
            version: transfer.get("version")?.as_u64()?,
            updated_at: transfer.get("updatedAt")?.as_str()?.to_owned(),
            status: transfer.get("status")?.as_str()?.to_owned(),
            message: transfer
                .get("message")
                .and_then(Value::as_str)
                .map(ToOwned::to_owned),
        })
    }

    /// Of a text that is a transfer.
    pub(crate) fn of_transfer(text: &str) -> Option<Self> {
        Self::of(&serde_json::from_str(text).ok()?)
    }

    /// Of what a room stores or the archive holds.
    pub(crate) fn of_stored(text: &str) -> Option<Self> {
        let text = text.split_once('\n').map_or(text, |(_, text)| text);
        Self::of(serde_json::from_str::<Value>(text).ok()?.get("transfer")?)
    }

    pub(crate) fn is_final(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed" | "cancelled")
    }
}

#[derive(Default)]
struct Facts {
    /// What is written in the room, and what of it is durable.
    current: Option<State>,
    durable: Option<State>,
    /// Written and not durable yet.
    fresh: Vec<State>,
    /// What was ever durable: only that may be seen.
    known: HashSet<State>,
    /// The room has its own copy.
    is_here: bool,
    /// Reports were taken while the archive could not be asked, and are not reconciled yet.
    is_unconfirmed: bool,
    /// The end, once it was durable.
    ended_as: Option<String>,
    acknowledged: u64,
}

#[derive(Default)]
struct Watcher {
    shown: Option<State>,
    closed: Option<String>,
    attempts: Vec<Ms>,
    polls: Vec<Ms>,
    hints: Vec<Ms>,
}

pub(crate) struct Judge {
    pub(crate) now: Ms,
    transfers: Vec<Facts>,
    watchers: BTreeMap<usize, Watcher>,
    found: Option<Violation>,
}

const NOTHING_LOST: &str = "200: the transfer as stored";
const NO_GAPS: &str = "1 for the first accepted update, then one more for each change";
const FINAL_STAYS: &str = "any change after a final status: refused";
const ARCHIVE_WINS: &str = "a final status in the archive wins";
const ONCE: &str = "each version at most once; never an older one after a newer one";
const LAST_ALWAYS: &str = "the final one always";
const PROVEN: &str = "a status that is shown is never from a signature that the service did not accept";
const ENDS_IN_TIME: &str = "in the middle of a connection this comes within 60 s of the expiry";
const NOT_REFUSED: &str = "4401: the signature is wrong, or for another transfer; and no other";
const BACKOFF: &str = "the backoff begins at 500 ms, doubles with each attempt, and stays at 30 s";
const JITTER: &str = "wait a random time between 0 and the backoff (full jitter)";
const UPDATES_GO_ON: &str = "with the archive or the list of recent transfers slow or away it is taken";
const RECONCILED: &str = "what they hold is reconciled when they are back";
const CLEAN: &str = "nothing is left: no room, no alarm, no timer, no entry";

/// Attempts of one client in any minute, where nothing but the network makes it try: a mean of ten, and a chance of less
/// than one in a million worlds for as many as this.
const MOST_A_MINUTE: usize = 36;
/// Each attempt that a hint brings about, and each link that held and was lost, may begin the row anew.
const MORE_EACH: usize = 6;
/// Polls a minute, with every answer.
const MOST_POLLS: usize = 48;

impl Judge {
    pub(crate) fn new(transfers: usize) -> Self {
        Self {
            now: 0,
            transfers: (0..transfers).map(|_| Facts::default()).collect(),
            watchers: BTreeMap::new(),
            found: None,
        }
    }

    pub(crate) fn found(&self) -> Option<&Violation> {
        self.found.as_ref()
    }

    pub(crate) fn violate(&mut self, rule: &'static str, detail: impl FnOnce() -> String) {
        if self.found.is_none() {
            self.found = Some(Violation {
                rule,
                detail: detail(),
                at: self.now - crate::plan::START,
            });
        }
    }

    /// A room has written this; `archive_failed`: lately a read of the archive has failed.
    pub(crate) fn written(&mut self, transfer: usize, row: &str, archive_failed: bool) {
        let is_unconfirmed = row.contains(r#""unconfirmed":"#);
        let Some(state) = State::of_stored(row) else {
            return self.violate(NOTHING_LOST, || {
                format!("transfer {transfer}: no transfer was stored: {row}")
            });
        };
        let facts = &mut self.transfers[transfer];
        let before = facts.current.replace(state.clone());
        let was_unconfirmed = facts.is_unconfirmed;
        facts.fresh.push(state.clone());
        let was_here = std::mem::replace(&mut facts.is_here, true);
        facts.is_unconfirmed = is_unconfirmed;
        let ended_as = facts.ended_as.clone();
        let Some(before) = before else {
            if state.version != 1 {
                self.violate(NO_GAPS, || format!("transfer {transfer} begins with {state:?}"));
            }
            return;
        };
        if !was_here && is_unconfirmed && state.version == 1 && archive_failed {
            return;
        }
        if was_unconfirmed {
            if !is_unconfirmed
                && let Some(ended_as) = ended_as
                && ended_as != state.status
            {
                self.violate(ARCHIVE_WINS, || {
                    format!("transfer {transfer} was {ended_as} and is {state:?}")
                });
            }
            return;
        }
        if state == before {
            return;
        }
        if before.is_final() {
            return self.violate(FINAL_STAYS, || {
                format!("transfer {transfer}: {before:?} became {state:?}")
            });
        }
        if state.version != before.version + 1 || state.updated_at < before.updated_at {
            self.violate(NO_GAPS, || {
                format!("transfer {transfer}: {before:?} became {state:?}")
            });
        }
    }

    /// What was written in the room is durable.
    pub(crate) fn durable(&mut self, transfer: usize) {
        let facts = &mut self.transfers[transfer];
        facts.durable.clone_from(&facts.current);
        facts.known.extend(facts.fresh.drain(..));
        if !facts.is_unconfirmed
            && let Some(durable) = &facts.durable
            && durable.is_final()
        {
            facts.ended_as.get_or_insert_with(|| durable.status.clone());
        }
    }

    /// The archive has said that it held nothing before the reports that did not wait for it.
    pub(crate) fn confirmed(&mut self, transfer: usize) {
        self.transfers[transfer].is_unconfirmed = false;
    }

    /// The room has lost what was not durable; `row` is what it has.
    pub(crate) fn broken(&mut self, transfer: usize, row: Option<&str>) {
        let facts = &mut self.transfers[transfer];
        facts.current.clone_from(&facts.durable);
        facts.fresh.clear();
        facts.is_here = row.is_some();
        facts.is_unconfirmed = row.is_some_and(|row| row.contains(r#""unconfirmed":"#));
    }

    /// The room has deleted all that it stored; the archive holds `copy`.
    pub(crate) fn emptied(&mut self, transfer: usize, copy: Option<&str>) {
        let facts = &mut self.transfers[transfer];
        let copy = copy.and_then(State::of_stored);
        facts.is_here = false;
        if facts.current.is_some() && copy != facts.current {
            let current = facts.current.clone();
            self.violate(NOTHING_LOST, || {
                format!("room {transfer} deleted {current:?} and the archive holds {copy:?}")
            });
        }
    }

    /// A backend got a 200 with this.
    pub(crate) fn acknowledged(&mut self, transfer: usize, body: &str) {
        let facts = &mut self.transfers[transfer];
        let Some(state) = State::of_transfer(body) else {
            return;
        };
        if !facts.known.contains(&state) {
            return self.violate(NOTHING_LOST, || {
                format!("transfer {transfer}: {state:?} was acknowledged and was never durable")
            });
        }
        if !facts.is_unconfirmed {
            facts.acknowledged = facts.acknowledged.max(state.version);
        }
    }

    /// A status leaves for a client whose proof the service must not take.
    pub(crate) fn told_without_proof(&mut self, client: usize, why: &str) {
        self.violate(PROVEN, || format!("client {client} is told: {why}"));
    }

    /// A socket was closed for its expiry, and far too late.
    pub(crate) fn closed_late(&mut self, client: usize) {
        self.violate(ENDS_IN_TIME, || format!("client {client}'s socket stayed open"));
    }

    /// An update was refused as long as the archive was away.
    pub(crate) fn update_refused(&mut self, transfer: usize) {
        self.violate(UPDATES_GO_ON, || {
            format!("an update of transfer {transfer} was refused for the archive")
        });
    }

    /// A client shows this to its user.
    pub(crate) fn shown(&mut self, client: usize, transfer: usize, state: State) {
        let is_known = state.version == 0 || self.transfers[transfer].known.contains(&state);
        let watcher = self.watchers.entry(client).or_default();
        let before = watcher.shown.replace(state.clone());
        if !is_known {
            return self.violate(NOTHING_LOST, || {
                format!("client {client} shows {state:?}, which was never durable")
            });
        }
        let Some(before) = before else { return };
        let is_older = state.version <= before.version && state.updated_at <= before.updated_at;
        if is_older || state.version == 0 || before.is_final() {
            self.violate(ONCE, || {
                format!("client {client} shows {state:?} after {before:?}")
            });
        }
    }

    /// A client has stopped; `may`: its signature is not, or no longer, one that the service takes.
    pub(crate) fn stopped(&mut self, client: usize, reason: &str, may: bool) {
        let watcher = self.watchers.entry(client).or_default();
        watcher.closed = Some(reason.to_owned());
        let has_end = watcher.shown.as_ref().is_some_and(State::is_final);
        if !has_end && !may {
            let rule = if reason.contains("4401") {
                NOT_REFUSED
            } else {
                LAST_ALWAYS
            };
            let reason = reason.to_owned();
            self.violate(rule, || {
                format!("client {client} stopped before the end: {reason}")
            });
        }
    }

    pub(crate) fn attempted(&mut self, client: usize) {
        let now = self.now;
        self.watchers.entry(client).or_default().attempts.push(now);
    }

    pub(crate) fn polled(&mut self, client: usize) {
        let now = self.now;
        self.watchers.entry(client).or_default().polls.push(now);
    }

    /// Something other than the backoff may make a client try: a hint, a link that held and is lost.
    pub(crate) fn may_begin_anew(&mut self, client: usize) {
        let now = self.now;
        self.watchers.entry(client).or_default().hints.push(now);
    }

    /// A client whose link had held for 5 s and was lost: its next attempt came after `waited`.
    pub(crate) fn redialled(&mut self, client: usize, waited: Ms) {
        if waited > 600 {
            self.violate(BACKOFF, || {
                format!("client {client}'s link had held, and it waited {waited} ms to dial anew")
            });
        }
    }

    /// How often clients have tried, alone and together.
    pub(crate) fn judge_attempts(&mut self) {
        let mut worst = None;
        for (client, watcher) in &self.watchers {
            for (times, most) in [(&watcher.attempts, MOST_A_MINUTE), (&watcher.polls, MOST_POLLS)] {
                let mut first = 0;
                for (n, at) in times.iter().enumerate() {
                    while times[first] < at - 60_000 {
                        first += 1;
                    }
                    let hints = watcher
                        .hints
                        .iter()
                        .filter(|hint| (at - 120_000..=*at).contains(*hint));
                    if n + 1 - first > most + MORE_EACH * hints.count() {
                        worst = Some((*client, n + 1 - first));
                    }
                }
            }
        }
        if let Some((client, count)) = worst {
            self.violate(BACKOFF, || {
                format!("client {client} tried {count} times in a minute")
            });
        }
    }

    /// Whether the attempts since `from` of a crowd that lost its links together are spread.
    pub(crate) fn judge_crowd(&mut self, from: Ms) {
        let firsts = self.watchers.values().filter_map(|watcher| {
            let first = watcher.attempts.partition_point(|at| *at < from);
            watcher.attempts.get(first).map(|at| at - from)
        });
        let mut waits: Vec<_> = firsts.filter(|wait| *wait < 5_000).collect();
        waits.sort_unstable();
        let count = waits.len();
        if count < 100 {
            return;
        }
        // 500 ms hold five times as many as 100 ms do; half of all is far beyond chance.
        let fullest = waits
            .iter()
            .enumerate()
            .map(|(n, at)| waits[n..].partition_point(|other| *other < at + 100));
        let fullest = fullest.max().unwrap_or(0);
        if fullest * 2 > count {
            self.violate(JITTER, || {
                format!("{fullest} of {count} dialled within the same 100 ms")
            });
        }
    }

    /// All has been well for long: `archive` is what is there of the transfer, `listed` what the list shows.
    pub(crate) fn ended(&mut self, transfer: usize, archive: Option<&str>, listed: Option<&str>) {
        let facts = &self.transfers[transfer];
        let (durable, acknowledged) = (facts.durable.clone(), facts.acknowledged);
        let ended_as = facts.ended_as.clone();
        let Some(durable) = durable else { return };
        let archive = archive.and_then(State::of_stored);
        let listed = listed.and_then(State::of_transfer);
        if facts.is_unconfirmed {
            self.violate(RECONCILED, || format!("transfer {transfer} is still unconfirmed"));
        }
        if durable.version < acknowledged {
            self.violate(NOTHING_LOST, || {
                format!("transfer {transfer}: version {acknowledged} was acknowledged, {durable:?} is left")
            });
        }
        if ended_as.is_some_and(|ended_as| ended_as != durable.status) {
            self.violate(FINAL_STAYS, || {
                format!("transfer {transfer} did not stay as it ended: {durable:?}")
            });
        }
        if archive.as_ref() != Some(&durable) {
            self.violate(NOTHING_LOST, || {
                format!("transfer {transfer} is {durable:?}, and the archive holds {archive:?}")
            });
        }
        if listed.as_ref() != Some(&durable) {
            self.violate(NOTHING_LOST, || {
                format!("transfer {transfer} is {durable:?}, and the list shows {listed:?}")
            });
        }
    }

    /// A client goes on though all has been well for long.
    pub(crate) fn goes_on(&mut self, client: usize) {
        let shown = self
            .watchers
            .get(&client)
            .and_then(|watcher| watcher.shown.clone());
        self.violate(LAST_ALWAYS, || {
            format!("client {client} has not seen the end, but {shown:?}")
        });
    }

    /// Something stays behind.
    pub(crate) fn left(&mut self, what: impl FnOnce() -> String) {
        self.violate(CLEAN, what);
    }

    /// An update that was never answered well though all has been well for long.
    pub(crate) fn unanswered(&mut self, update: usize) {
        self.violate(UPDATES_GO_ON, || format!("update {update} was never taken"));
    }
}
