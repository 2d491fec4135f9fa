//! Time as an argument, and the table of the session's deadlines.

use core::fmt;
use core::num::NonZeroU64;

/// A point in time: milliseconds of the host's clock, from any start.
///
/// The clock should be monotonic. Where it is not, a step back shifts the deadlines with it: at worst the
/// wait under way starts anew.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(
    /// One more than the milliseconds, so that an optional time is no larger, and its code in a browser smaller.
    NonZeroU64,
);

impl Time {
    /// So many milliseconds after the clock's start.
    pub const fn from_millis(ms: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(ms))
    }

    /// Milliseconds since the clock's start.
    pub const fn as_millis(self) -> u64 {
        self.0.get() - 1
    }

    /// The point `ms` milliseconds later.
    #[must_use]
    pub const fn after(self, ms: u32) -> Self {
        self.later(ms as u64)
    }

    /// The point `ms` milliseconds later, or the end of time.
    pub(super) const fn later(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The point `ms` milliseconds earlier, or the clock's start.
    #[must_use]
    pub const fn before(self, ms: u64) -> Self {
        Self::from_millis(self.as_millis().saturating_sub(ms))
    }

    /// Milliseconds from `earlier` to this point, 0 when `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.get().saturating_sub(earlier.0.get())
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Time({} ms)", self.as_millis())
    }
}

/// What a deadline is for. The order is the order in which deadlines due at the same time are served:
/// what ends a link comes before what starts something on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The socket is not open: give the attempt up.
    Connect,
    /// The socket is open, but no frame that tells of the transfer has come: give the attempt up.
    FirstFrame,
    /// No frame came after a ping: the link is dead.
    Pong,
    /// The host's way to a signature has not answered.
    Signature,
    /// The answer to a poll has not come.
    PollAnswer,
    /// Nothing has told whether a close with 1000 was the end: it was not.
    Confirm,
    /// The snapshot has held: backoff is earned back.
    Held,
    /// Silence on the link: send a ping.
    Idle,
    /// A poll beside a ping that nothing has answered may hang as the link does: ask anew.
    PollAnew,
    /// The wait before the next attempt is over.
    Reconnect,
    /// Time to poll.
    Poll,
}

impl Timer {
    /// Every timer, in the order in which they are served.
    pub(super) const ALL: [Self; 11] = [
        Self::Connect,
        Self::FirstFrame,
        Self::Pong,
        Self::Signature,
        Self::PollAnswer,
        Self::Confirm,
        Self::Held,
        Self::Idle,
        Self::PollAnew,
        Self::Reconnect,
        Self::Poll,
    ];

    /// The timers that belong to one socket and end with it.
    pub(super) const OF_LINK: [Self; 6] = [
        Self::Connect,
        Self::FirstFrame,
        Self::Pong,
        Self::Held,
        Self::Idle,
        Self::PollAnew,
    ];
}

/// One optional deadline for each [`Timer`].
#[derive(Debug, Clone)]
pub(super) struct Timers {
    due: [Option<Time>; Timer::ALL.len()],
}

impl Timers {
    pub(super) const fn new() -> Self {
        Self {
            due: [None; Timer::ALL.len()],
        }
    }

    pub(super) fn set(&mut self, timer: Timer, at: Time) {
        self.due[timer as usize] = Some(at);
    }

    // One call is smaller than one store of 64 bits, and there are many.
    #[inline(never)]
    pub(super) fn clear(&mut self, timer: Timer) {
        self.due[timer as usize] = None;
    }

    pub(super) fn clear_all(&mut self) {
        *self = Self::new();
    }

    pub(super) fn get(&self, timer: Timer) -> Option<Time> {
        self.due[timer as usize]
    }

    /// Takes one deadline that has come, in the order of [`Timer`].
    #[inline(always)]
    pub(super) fn take_due(&mut self, now: Time) -> Option<Timer> {
        let is_due = |due: &Option<Time>| due.is_some_and(|at| at <= now);
        let index = self.due.iter().position(is_due)?;
        self.due[index] = None;
        Timer::ALL.get(index).copied()
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Time> {
        self.due.iter().flatten().min().copied()
    }
}
