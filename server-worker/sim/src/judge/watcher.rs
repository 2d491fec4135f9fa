//! What is promised to clients, and what they owe.

use super::rules::*;
use super::{Judge, State};
use crate::plan::Ms;

/// Attempts of one client in any minute, where nothing but the network makes it try: a mean of ten, and a chance of less
/// than one in a million worlds for as many as this.
const MOST_A_MINUTE: usize = 36;
/// Each attempt that a hint brings about, and each link that held and was lost, may begin the row anew.
const MORE_EACH: usize = 6;
/// Polls a minute, with every answer.
const MOST_POLLS: usize = 48;

impl Judge {
    /// A status leaves for a client whose proof the service must not take.
    pub(crate) fn told_without_proof(&mut self, client: usize, why: &str) {
        self.violate(PROVEN, || format!("client {client} is told: {why}"));
    }

    /// So many frames wait for a client that does not read.
    pub(crate) fn told_though_deaf(&mut self, client: usize, frames: usize) {
        self.violate(CUT_OFF, || {
            format!("client {client} reads nothing, and {frames} frames wait for it")
        });
    }

    /// A socket was closed for its expiry, and far too late.
    pub(crate) fn closed_late(&mut self, client: usize) {
        self.violate(ENDS_IN_TIME, || format!("client {client}'s socket stayed open"));
    }

    /// A client shows this to its user.
    pub(crate) fn shown(&mut self, client: usize, transfer: usize, state: State) {
        let facts = &self.transfers[transfer];
        let is_past = facts.past.contains(&state);
        let is_known = state.version == 0 || is_past || facts.known.contains(&state);
        let watcher = self.watchers.entry(client).or_default();
        let before = watcher.shown.replace(state.clone());
        if !is_known {
            return self.violate(NOTHING_LOST, || {
                format!("client {client} shows {state:?}, which was never durable")
            });
        }
        let Some(before) = before else { return };
        let is_anew = facts.past.contains(&before) && !is_past && state.updated_at > before.updated_at;
        let is_back = facts.known.contains(&before) && is_past;
        let is_older = state.version <= before.version && state.updated_at <= before.updated_at;
        let is_nothing = state.version == 0 && !is_anew;
        if is_older || is_back || is_nothing || before.is_final() {
            self.violate(ONCE, || {
                format!("client {client} shows {state:?} after {before:?}")
            });
        }
    }

    /// A client has stopped; `may`: its signature is not, or no longer, one that the service takes.
    pub(crate) fn stopped(&mut self, client: usize, transfer: usize, reason: &str, may: bool) {
        let is_deleted = reason.contains("4404") && self.transfers[transfer].deleted_at.is_some();
        let watcher = self.watchers.entry(client).or_default();
        watcher.closed = Some(reason.to_owned());
        let has_end = watcher.shown.as_ref().is_some_and(State::is_final);
        if !has_end && !may && !is_deleted {
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

    /// A client goes on though all has been well for long.
    pub(crate) fn goes_on(&mut self, client: usize, transfer: usize) {
        let shown = self
            .watchers
            .get(&client)
            .and_then(|watcher| watcher.shown.clone());
        let facts = &self.transfers[transfer];
        // "`ETag` is the version": to who polls, a life that has come as far as the deleted one had is the same. And there is
        // no end of what was deleted and not reported since.
        let looks_the_same = facts.deleted_at.is_some()
            && match (&facts.durable, &shown) {
                (Some(durable), Some(shown)) => {
                    facts.past.contains(shown) && durable.version == shown.version
                }
                (durable, _) => durable.is_none(),
            };
        if !looks_the_same {
            self.violate(LAST_ALWAYS, || {
                format!("client {client} has not seen the end, but {shown:?}")
            });
        }
    }
}
