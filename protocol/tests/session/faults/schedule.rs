//! What goes wrong and when: plain values, which shrink to the few that matter.

use proptest::prelude::{Just, Strategy, any as arbitrary, prop_oneof};
use proptest::sample::select;
use transfer_status_protocol::session::Hint;

/// One run.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    /// Of the session's jitter.
    pub(super) seed: u64,
    pub(super) can_refresh: bool,
    /// Snapshots have no version, and a transfer with no update yet is "not found".
    pub(super) old_service: bool,
    pub(super) steps: Vec<Step>,
}

/// A fault, and the milliseconds that pass before it.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) after: u64,
    pub(super) fault: Fault,
}

#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The transfer moves on by a version, which carries a time so many milliseconds later.
    Publish {
        later: u64,
    },
    /// The transfer reaches its final status.
    Finish,
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
    /// The server closes the link, with a code that means another try.
    Close(u16),
    /// The server closes the link as if all was done, though it is not.
    CloseEarly,
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
    /// The host is frozen; what happens meanwhile reaches it on wake, a due timer first or last.
    Sleep {
        ms: u64,
        timer_first: bool,
    },
    ClockForward(u64),
    ClockBack(u64),
    Hint(Hint),
    /// A driver that calls for no reason.
    Timeout,
    UserClose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dials {
    Answered,
    /// No answer at all.
    Lost,
    /// Accepted, one error message, closed.
    Refused(u16),
    /// No socket in the first place: a DNS or TLS failure.
    Failed,
    /// Accepted and pings answered, but no word of the transfer.
    Mute,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polls {
    Answered,
    Lost,
    Failed,
    RateLimited,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signatures {
    Ready,
    Failed,
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stray {
    Notice,
    Unknown,
    Malformed,
    Pong,
}

const RETRIED: &[u16] = &[1001, 1005, 1006, 1011, 1012, 1013, 4408, 4429];

/// Mostly a short while, at times a long one.
fn while_ms() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0_u64), 4 => 1..300_u64, 4 => 300..4_000_u64, 3 => 4_000..40_000_u64]
}

fn dials() -> impl Strategy<Value = Dials> {
    prop_oneof![
        3 => Just(Dials::Answered),
        1 => Just(Dials::Lost),
        1 => Just(Dials::Failed),
        1 => Just(Dials::Mute),
        2 => select(RETRIED).prop_map(Dials::Refused),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    let hints = [
        Hint::Online,
        Hint::Offline,
        Hint::Visible,
        Hint::Foreground,
        Hint::NetworkChanged,
    ];
    prop_oneof![
        12 => prop_oneof![Just(0_u64), 1..5_000_u64].prop_map(|later| Fault::Publish { later }),
        1 => Just(Fault::Finish),
        4 => prop_oneof![0..300_u64, 300..14_000_u64].prop_map(Fault::Latency),
        8 => dials().prop_map(Fault::Dials),
        4 => select(vec![Polls::Answered, Polls::Answered, Polls::Lost, Polls::Failed, Polls::RateLimited])
            .prop_map(Fault::Polls),
        2 => select(vec![Signatures::Ready, Signatures::Ready, Signatures::Failed, Signatures::Lost])
            .prop_map(Fault::Signatures),
        3 => Just(Fault::Expire),
        6 => Just(Fault::Cut),
        4 => Just(Fault::HalfOpen),
        4 => select(RETRIED).prop_map(Fault::Close),
        4 => select(vec![Stray::Notice, Stray::Unknown, Stray::Malformed, Stray::Pong]).prop_map(Fault::Send),
        6 => (0..4_u64).prop_map(|back| Fault::Replay { back }),
        4 => Just(Fault::Reorder),
        2 => Just(Fault::Replace),
        3 => (prop_oneof![0..30_000_u64, 30_000..20_000_000_u64], arbitrary::<bool>())
            .prop_map(|(ms, timer_first)| Fault::Sleep { ms, timer_first }),
        2 => prop_oneof![0..30_000_u64, 30_000..20_000_000_u64].prop_map(Fault::ClockForward),
        2 => prop_oneof![0..30_000_u64, 30_000..20_000_000_u64].prop_map(Fault::ClockBack),
        8 => select(hints.to_vec()).prop_map(Fault::Hint),
        2 => Just(Fault::Timeout),
        1 => Just(Fault::CloseEarly),
        1 => Just(Fault::UserClose),
    ]
}

/// Any schedule of up to thirty faults.
pub(super) fn any() -> impl Strategy<Value = Schedule> {
    let step = (while_ms(), fault()).prop_map(|(after, fault)| Step { after, fault });
    let steps = proptest::collection::vec(step, 0..30);
    // `false` is what shrinking prefers.
    let flags = (proptest::bool::weighted(0.1), proptest::bool::weighted(0.15));
    (arbitrary::<u64>(), flags, steps).prop_map(|(seed, (cannot_refresh, old_service), steps)| Schedule {
        seed,
        can_refresh: !cannot_refresh,
        old_service,
        steps,
    })
}
