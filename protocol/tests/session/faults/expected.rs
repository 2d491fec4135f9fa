//! What the reference model expects: windows of time, and outputs that are due.

use crate::seen::Seen;
use transfer_status_protocol::session::{CloseReason, ConnId};

/// Something is due no earlier than `from` and no later than `to`: jitter chooses between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Window {
    pub(super) fn at(time: u64) -> Self {
        Self { from: time, to: time }
    }

    pub(super) fn hasten(&mut self, to: u64) {
        self.from = self.from.min(to);
        self.to = self.to.min(to);
    }

    /// The session is to be woken for the first of `timers`, and for nothing else.
    pub(super) fn assert_wakes(timers: &[Self], wake: Option<u64>) {
        let earliest = timers.iter().map(|timer| timer.from).min();
        let latest = timers.iter().map(|timer| timer.to).min();
        match (earliest.zip(latest), wake) {
            (Some((from, to)), Some(wake)) => {
                assert!(
                    (from..=to).contains(&wake),
                    "wakes at {wake}, not in {from}..={to}: {timers:?}"
                );
            }
            (expected, wake) => assert_eq!(
                expected.is_some(),
                wake.is_some(),
                "{timers:?}, wakes at {wake:?}"
            ),
        }
    }
}

/// Outputs that the present input must bring about.
#[derive(Debug, Default)]
pub(super) struct Due {
    pub(super) drop: Option<ConnId>,
    pub(super) ping: Option<ConnId>,
    pub(super) notice: bool,
    pub(super) end: Option<CloseReason>,
    /// Known to be news, known to be none, or not known.
    pub(super) news: Option<Option<Seen>>,
    /// Timers were served: what could still wait before may not any more.
    pub(super) served: bool,
}

impl Due {
    pub(super) fn assert_met(&self) {
        let news = self.news.flatten();
        let missing = self.drop.is_some() || self.ping.is_some() || self.notice || self.end.is_some();
        assert!(!missing && news.is_none(), "missing: {self:?}");
    }
}
