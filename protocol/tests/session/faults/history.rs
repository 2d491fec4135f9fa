//! The history of the transfer: what really happened, and what the service tells of it.

use crate::seen::Seen;
use transfer_status_protocol::session::Stage;

/// Every state that ever was, by its place in what really happened, and the one that holds.
#[derive(Debug)]
pub(super) struct History {
    states: Vec<Seen>,
    /// The states of the present record, by their place in `states`; the last one holds.
    record: Vec<usize>,
    /// The record was begun anew from an earlier state.
    anew: bool,
    pub(super) old_service: bool,
    pub(super) is_over: bool,
}

impl History {
    pub(super) fn new(old_service: bool) -> Self {
        let mut announced = Seen::version(0);
        // The server makes this time up when it is asked: it may be later than that of the first update.
        announced.order.updated_at_ms = 100_000;
        Self {
            states: vec![announced],
            record: vec![0],
            anew: false,
            old_service,
            is_over: false,
        }
    }

    /// The state that holds, as the service that counts versions tells it.
    pub(super) fn holds(&self) -> Seen {
        self.states[self.record[self.record.len() - 1]]
    }

    /// Moves the transfer on: one version up, so many milliseconds later. A record begun anew goes on later than
    /// everything before.
    pub(super) fn publish(&mut self, later: u64, stage: Stage, is_over: bool) {
        if self.is_over {
            return;
        }
        let holds = self.holds();
        let version = holds.order.version.map_or(1, |version| version + 1);
        let latest = self.states.iter().skip(1).map(|state| state.order.updated_at_ms);
        let from = match self.anew {
            true => latest.max().unwrap_or(0) + 1,
            false if holds.truth == 0 => 1_000,
            false => holds.order.updated_at_ms,
        };
        let mut next = Seen::version(version);
        next.truth = self.states.len() as u64;
        next.order.updated_at_ms = from + later as i64;
        next.order.stage = stage;
        self.record.push(self.states.len());
        self.states.push(next);
        self.anew = false;
        self.is_over = is_over;
    }

    /// The service has lost the last so many states.
    pub(super) fn restore(&mut self, back: u64) {
        if back > 0 && self.record.len() > 1 {
            let keep = self.record.len().saturating_sub(back as usize).max(1);
            self.record.truncate(keep);
            self.anew = true;
            self.is_over = false;
        }
    }

    /// The state that holds; `None` where the old service says "not found".
    pub(super) fn tell(&self) -> Option<Seen> {
        self.as_told(self.holds())
    }

    /// What was told so many states ago, of whatever record.
    pub(super) fn told(&self, back: u64) -> Option<Seen> {
        let at = self.states.len().checked_sub(1 + back as usize)?;
        self.as_told(self.states[at])
    }

    fn as_told(&self, state: Seen) -> Option<Seen> {
        match self.old_service {
            true => (state.truth > 0).then(|| state.unversioned()),
            false => Some(state),
        }
    }
}
