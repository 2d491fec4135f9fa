//! What the user saw, judged by what really happened.

use crate::seen::Seen;
use transfer_status_protocol::session::{CloseReason, Event};

/// A user who remembers.
#[derive(Default)]
pub(super) struct User {
    pub(super) shown: Vec<u64>,
    saw_final: bool,
    end: Option<CloseReason>,
}

impl User {
    pub(super) fn told(&mut self, event: &Event<Seen, ()>) {
        assert_eq!(self.end, None, "nothing is told after the end, yet {event:?} was");
        match event {
            Event::Update(seen) => {
                let news = self.shown.last().is_none_or(|last| *last < seen.truth);
                assert!(news && !self.saw_final, "{} after {:?}", seen.truth, self.shown);
                self.shown.push(seen.truth);
                self.saw_final = seen.order.is_final;
            }
            Event::Closed(reason) => {
                assert_eq!(
                    *reason == CloseReason::Final,
                    self.saw_final,
                    "ended as {reason:?}"
                );
                self.end = Some(*reason);
            }
            Event::Connection(_) | Event::Notice(()) => {}
        }
    }

    pub(super) fn end(&self) -> Option<CloseReason> {
        self.end
    }
}
