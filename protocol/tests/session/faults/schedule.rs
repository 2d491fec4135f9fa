//! What goes wrong and when: plain values, which shrink to the few that matter.

mod any;

pub(super) use any::any;
use transfer_status_protocol::session::{Failure, Hint};

/// One run.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    /// Of the sessions' jitter, and of the order in which tabs hear of each other.
    pub(crate) seed: u64,
    pub(crate) can_refresh: bool,
    /// The host has no signature at the start.
    pub(crate) starts_unsigned: bool,
    /// The first signature expires so long after the start, and the host knows it.
    pub(crate) lifetime: Option<u64>,
    /// Snapshots have no version, and a transfer with no update yet is "not found".
    pub(crate) old_service: bool,
    /// How many clients share one socket; a single one has its own.
    pub(crate) tabs: usize,
    pub(crate) steps: Vec<Step>,
    pub(crate) heal: Heal,
}

/// The world in which the final status must be seen: all is well but for what is said here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heal {
    /// Whatever is sent takes so long: a handshake takes twice that.
    pub(crate) latency: u64,
    /// Sockets hang for ever, and only polls get through.
    pub(crate) only_polls: bool,
    /// This hint comes again and again, with so many milliseconds in between.
    pub(crate) hints: Option<(Hint, u64)>,
}

/// A fault, and the milliseconds that pass before it.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) after: u64,
    pub(crate) fault: Fault,
}

#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// The transfer moves on by a version, which carries a time so many milliseconds later.
    Publish {
        later: u64,
    },
    /// The transfer reaches its final status, by a name that the client knows or one from the future.
    Finish {
        known: bool,
    },
    /// The service is restored to what it knew so many states ago; what it is told from now on counts from there.
    Restore {
        back: u64,
    },
    /// From now on whatever is sent takes so long.
    Latency(u64),
    /// From now on dials end like this.
    Dials(Dials),
    /// From now on polls end like this.
    Polls(Polls),
    /// From now on requests for a signature end like this.
    Signatures(Signatures),
    /// The signature expires.
    Expire,
    /// The link breaks: frames in flight are lost, the client is told.
    Cut,
    /// The link goes dead both ways, and nobody is told.
    HalfOpen,
    /// The server closes the link with this code: 1000 also where it is not over.
    Close(u16),
    /// The server sends something else over the link.
    Send(Stray),
    /// An earlier state, or the present one, comes over the link once more.
    Replay {
        back: u64,
    },
    /// The last two frames in flight change places.
    Reorder,
    /// The service is replaced by the old one, or the old one by the new.
    Replace,
    /// The device sleeps; what happens meanwhile reaches it on wake, a due timer first or last. Its clock counts the
    /// sleep or stands still.
    Sleep {
        ms: u64,
        timer_first: bool,
        counted: bool,
    },
    /// One tab is frozen, and the others go on.
    Freeze {
        tab: usize,
        ms: u64,
    },
    ClockForward(u64),
    ClockBack(u64),
    Hint(Hint),
    /// The same hint so many times, with so many milliseconds in between.
    Hints {
        hint: Hint,
        times: u8,
        every: u64,
    },
    /// A driver that calls for no reason.
    Timeout,
    UserClose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dials {
    Answered,
    /// No answer at all.
    Lost,
    /// Accepted, one error message, closed.
    Refused(u16),
    /// No socket in the first place, for a reason that the host knows.
    Failed(Failure),
    /// Accepted and pings answered, but no word of the transfer.
    Mute,
    /// Accepted and pings answered, one error message, and no more.
    Stranded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polls {
    Answered,
    Lost,
    Failed(Failure),
    /// The service says that the signature is wrong.
    Unauthorized,
    /// The service says that this origin may not.
    Forbidden,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signatures {
    Ready,
    /// A good one, of which the host knows that it is good for so long.
    Lasting(u64),
    /// One that has expired, as the host knows or does not.
    BornExpired {
        known: bool,
    },
    Failed,
    Lost,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stray {
    Notice,
    Unknown,
    Malformed,
    Pong,
}
