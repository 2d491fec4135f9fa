//! Lets few through at a time: what follows from updates must not crowd out the updates themselves. Pure.
//!
//! All rooms of an isolate share one. A room that waits goes on taking updates, and delivers only the last
//! of them when its turn comes: under load a payment's three changes are often one delivery.

use std::collections::VecDeque;

/// One that is let through, or waits to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// The turnstile; `W` is how one that waits is called.
#[derive(Debug)]
pub(crate) struct Turnstile<W> {
    at_once: usize,
    most_waiting: usize,
    /// One that has not come back for so long has ended with its object.
    lost_after_ms: i64,
    next: u64,
    inside: Vec<(Ticket, i64)>,
    waiting: VecDeque<(Ticket, W)>,
}

/// How it goes on for a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is let through.
    Now(Ticket),
    /// It will be called.
    Later(Ticket),
    /// Too many wait already: its alarm will see to it.
    Never,
}

impl<W> Turnstile<W> {
    /// Lets `at_once` through, and has `most_waiting` wait.
    pub(crate) const fn new(at_once: usize, most_waiting: usize, lost_after_ms: i64) -> Self {
        Self {
            at_once,
            most_waiting,
            lost_after_ms,
            next: 0,
            inside: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Someone comes at `now`, in milliseconds. `caller` is asked for only when it has to wait; the others
    /// are those to be called first.
    pub(crate) fn enter(&mut self, now: i64, caller: impl FnOnce() -> W) -> (Admission, Vec<W>) {
        let called = self.admit(now);
        self.next += 1;
        let ticket = Ticket(self.next);
        let admission = if self.inside.len() < self.at_once {
            self.inside.push((ticket, now));
            Admission::Now(ticket)
        } else if self.waiting.len() < self.most_waiting {
            self.waiting.push_back((ticket, caller()));
            Admission::Later(ticket)
        } else {
            Admission::Never
        };
        (admission, called)
    }

    /// Someone has gone through; those to be called now.
    pub(crate) fn leave(&mut self, ticket: Ticket, now: i64) -> Vec<W> {
        self.inside.retain(|(inside, _)| *inside != ticket);
        self.admit(now)
    }

    fn admit(&mut self, now: i64) -> Vec<W> {
        self.inside
            .retain(|(_, since)| now.saturating_sub(*since) < self.lost_after_ms);
        let mut called = Vec::new();
        while self.inside.len() < self.at_once
            && let Some((ticket, waiting)) = self.waiting.pop_front()
        {
            self.inside.push((ticket, now));
            called.push(waiting);
        }
        called
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Admission, Turnstile};

    #[test]
    fn who_waits_is_called_in_order_as_others_leave() {
        let mut turnstile = Turnstile::new(1, 2, 1_000);
        let (Admission::Now(first), _) = turnstile.enter(0, || "first") else {
            panic!()
        };
        let (Admission::Later(second), _) = turnstile.enter(0, || "second") else {
            panic!()
        };
        assert!(matches!(turnstile.enter(0, || "third").0, Admission::Later(_)));
        assert_eq!(turnstile.enter(0, || "fourth").0, Admission::Never);
        assert_eq!(turnstile.leave(first, 1), ["second"]);
        assert_eq!(turnstile.leave(second, 1), ["third"]);
    }

    #[test]
    fn one_that_was_lost_holds_nobody_up_for_long() {
        let mut turnstile = Turnstile::new(1, 9, 1_000);
        assert!(matches!(turnstile.enter(0, || "lost").0, Admission::Now(_)));
        assert!(matches!(turnstile.enter(1, || "waits").0, Admission::Later(_)));
        let (admission, called) = turnstile.enter(1_000, || "comes");
        assert!(matches!(admission, Admission::Later(_)));
        assert_eq!(called, ["waits"]);
    }

    proptest! {
        #[test]
        fn nobody_is_forgotten_and_never_too_many_are_inside(
            steps in prop::collection::vec(any::<bool>(), 1..200), at_once in 1..4_usize,
        ) {
            let mut turnstile = Turnstile::new(at_once, 1_000, 1_000);
            let (mut inside, mut waiting) = (Vec::new(), Vec::new());
            for (n, comes) in steps.into_iter().enumerate() {
                if comes {
                    match turnstile.enter(0, || n) {
                        (Admission::Now(ticket), _) => inside.push(ticket),
                        (Admission::Later(ticket), _) => waiting.push((ticket, n)),
                        (Admission::Never, _) => prop_assert!(false),
                    }
                } else if !inside.is_empty() {
                    let called = turnstile.leave(inside.remove(0), 0);
                    prop_assert!(called.len() <= 1);
                    for n in called {
                        let (ticket, first) = waiting.remove(0);
                        prop_assert_eq!(n, first);
                        inside.push(ticket);
                    }
                }
                prop_assert!(inside.len() <= at_once);
                prop_assert!(inside.len() == at_once || waiting.is_empty());
            }
        }
    }
}
