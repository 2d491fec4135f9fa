//! Lets few through at a time: what follows from updates must not crowd out the updates themselves. Pure.
//!
//! All rooms of an isolate share one. How many it lets through depends on how busy the isolate is with updates: while
//! they come thick and fast, one at a time with a pause before it, and else as many as wait for an answer from afar
//! side by side.

use std::collections::VecDeque;

/// Let through at once while there is time.
const AT_EASE: usize = 16;
/// Let through at once while updates come thick and fast.
const IN_HASTE: usize = 1;
/// Updates are counted by spans of so many milliseconds.
const SPAN_MS: i64 = 100;
/// So many in a span are haste: more than a shop with thousands of payments an hour has in one isolate.
const HASTE: u32 = 40;
/// Most that wait.
const MOST_WAITING: usize = 10_000;
/// One that has not come back for so long has ended with its object.
const LOST_AFTER_MS: i64 = 10_000;

/// One that is let through, or waits to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// The turnstile; `W` is how one that waits is called.
#[derive(Debug)]
pub(crate) struct Turnstile<W> {
    pace: Pace,
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

/// How fast updates come.
#[derive(Debug)]
struct Pace {
    span: i64,
    updates: u32,
    updates_before: u32,
}

impl Pace {
    const fn new() -> Self {
        Self {
            span: 0,
            updates: 0,
            updates_before: 0,
        }
    }

    fn count(&mut self, now: i64) {
        let span = now.div_euclid(SPAN_MS);
        if span != self.span {
            self.updates_before = if span == self.span + 1 { self.updates } else { 0 };
            self.updates = 0;
            self.span = span;
        }
        self.updates = self.updates.saturating_add(1);
    }

    fn is_haste(&self, now: i64) -> bool {
        match now.div_euclid(SPAN_MS).saturating_sub(self.span) {
            0 => self.updates.max(self.updates_before) >= HASTE,
            1 => self.updates >= HASTE,
            _ => false,
        }
    }
}

impl<W> Turnstile<W> {
    /// Nobody is inside.
    pub(crate) const fn new() -> Self {
        Self {
            pace: Pace::new(),
            next: 0,
            inside: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Notes an update, at `now` in Unix milliseconds.
    pub(crate) fn note_update(&mut self, now: i64) {
        self.pace.count(now);
    }

    /// Whether updates come thick and fast.
    pub(crate) fn is_haste(&self, now: i64) -> bool {
        self.pace.is_haste(now)
    }

    /// Someone comes at `now`, in Unix milliseconds. `caller` is asked for only when it has to wait; the others
    /// are those to be called first.
    pub(crate) fn enter(&mut self, now: i64, caller: impl FnOnce() -> W) -> (Admission, Vec<W>) {
        let called = self.admit(now);
        self.next += 1;
        let ticket = Ticket(self.next);
        let admission = if self.inside.len() < self.at_once(now) {
            self.inside.push((ticket, now));
            Admission::Now(ticket)
        } else if self.waiting.len() < MOST_WAITING {
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
            .retain(|(_, since)| now.saturating_sub(*since) < LOST_AFTER_MS);
        let mut called = Vec::new();
        while self.inside.len() < self.at_once(now)
            && let Some((ticket, waiting)) = self.waiting.pop_front()
        {
            self.inside.push((ticket, now));
            called.push(waiting);
        }
        called
    }

    fn at_once(&self, now: i64) -> usize {
        if self.is_haste(now) { IN_HASTE } else { AT_EASE }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        AT_EASE, Admission, HASTE, IN_HASTE, LOST_AFTER_MS, MOST_WAITING, SPAN_MS, Ticket, Turnstile,
    };

    /// A turnstile with `AT_EASE` inside, who came at 0.
    fn full<W>() -> (Turnstile<W>, Vec<Ticket>) {
        let mut turnstile = Turnstile::new();
        let inside = (0..AT_EASE).map(|_| match turnstile.enter(0, || panic!()) {
            (Admission::Now(ticket), _) => ticket,
            _ => panic!(),
        });
        let inside = inside.collect();
        (turnstile, inside)
    }

    #[test]
    fn who_waits_is_called_in_order_as_others_leave() {
        let (mut turnstile, inside) = full();
        for n in 0..MOST_WAITING {
            assert!(matches!(turnstile.enter(0, || n).0, Admission::Later(_)));
        }
        assert_eq!(turnstile.enter(0, || panic!()).0, Admission::Never);
        assert_eq!(turnstile.leave(inside[3], 1), [0]);
        assert_eq!(turnstile.leave(inside[0], 1), [1]);
    }

    #[test]
    fn one_that_was_lost_holds_nobody_up_for_long() {
        let (mut turnstile, _) = full();
        assert!(matches!(turnstile.enter(1, || "waits").0, Admission::Later(_)));
        let (admission, called) = turnstile.enter(LOST_AFTER_MS, || panic!());
        assert!(matches!(admission, Admission::Now(_)));
        assert_eq!(called, ["waits"]);
    }

    #[test]
    fn in_haste_only_one_is_let_through_and_all_of_them_once_it_is_over() {
        let mut turnstile = Turnstile::new();
        assert!(!turnstile.is_haste(0));
        for _ in 0..HASTE {
            turnstile.note_update(0);
        }
        assert!(turnstile.is_haste(2 * SPAN_MS - 1));
        let (Admission::Now(first), _) = turnstile.enter(1, || 0) else {
            panic!()
        };
        for n in 1..5 {
            assert!(matches!(turnstile.enter(1, || n).0, Admission::Later(_)));
        }
        assert_eq!(turnstile.leave(first, 2), [1]);
        assert!(!turnstile.is_haste(2 * SPAN_MS));
        let (admission, called) = turnstile.enter(2 * SPAN_MS, || 5);
        assert_eq!(called, [2, 3, 4]);
        assert!(matches!(admission, Admission::Now(_)));
    }

    #[test]
    fn a_quiet_stream_is_no_haste() {
        let mut turnstile = Turnstile::<()>::new();
        for n in 0..10 * i64::from(HASTE) {
            let now = n * SPAN_MS / i64::from(HASTE - 1);
            turnstile.note_update(now);
            assert!(!turnstile.is_haste(now), "{n}");
        }
    }

    proptest! {
        #[test]
        fn nobody_is_forgotten_and_never_too_many_are_inside(
            steps in prop::collection::vec((any::<bool>(), 0..40_u32), 1..200),
        ) {
            let mut turnstile = Turnstile::new();
            let (mut inside, mut waiting) = (Vec::new(), Vec::new());
            for (n, (comes, updates)) in steps.into_iter().enumerate() {
                let now = n as i64 * 10;
                for _ in 0..updates {
                    turnstile.note_update(now);
                }
                let before = inside.len();
                let called = if comes {
                    let (admission, called) = turnstile.enter(now, || n);
                    match admission {
                        Admission::Now(ticket) => inside.push(ticket),
                        Admission::Later(ticket) => waiting.push((ticket, n)),
                        Admission::Never => prop_assert!(false),
                    }
                    called
                } else if inside.is_empty() {
                    Vec::new()
                } else {
                    turnstile.leave(inside.remove(0), now)
                };
                for n in called {
                    let (ticket, first) = waiting.remove(0);
                    prop_assert_eq!(n, first);
                    inside.push(ticket);
                }
                let most = if turnstile.is_haste(now) { IN_HASTE } else { AT_EASE };
                prop_assert!(inside.len() <= most.max(before));
                prop_assert!(inside.len() >= most || waiting.is_empty());
            }
        }
    }
}
