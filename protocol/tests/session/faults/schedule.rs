//! What goes wrong and when: plain values, which shrink to the few that matter.

use proptest::prelude::{Just, Strategy, any as arbitrary, prop_oneof};
use proptest::sample::select;
use transfer_status_protocol::session::{Cause, Failure, Hint};

/// One run.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    /// Of the sessions' jitter, and of the order in which tabs hear of each other.
    pub(super) seed: u64,
    pub(super) can_refresh: bool,
    /// The host has no signature at the start.
    pub(super) starts_unsigned: bool,
    /// The first signature expires so long after the start, and the host knows it.
    pub(super) lifetime: Option<u64>,
    /// Snapshots have no version, and a transfer with no update yet is "not found".
    pub(super) old_service: bool,
    /// How many clients share one socket; a single one has its own.
    pub(super) tabs: usize,
    pub(super) steps: Vec<Step>,
    pub(super) heal: Heal,
}

/// The world in which the final status must be seen: all is well but for what is said here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heal {
    /// Whatever is sent takes so long: a handshake takes twice that.
    pub(super) latency: u64,
    /// Sockets hang for ever, and only polls get through.
    pub(super) only_polls: bool,
    /// This hint comes again and again, with so many milliseconds in between.
    pub(super) hints: Option<(Hint, u64)>,
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
pub(super) enum Dials {
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
pub(super) enum Polls {
    Answered,
    Lost,
    Failed(Failure),
    /// The service says that the signature is wrong.
    Unauthorized,
    /// The service says that this origin may not.
    Forbidden,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signatures {
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
pub(super) enum Stray {
    Notice,
    Unknown,
    Malformed,
    Pong,
}

const RETRIED: &[u16] = &[1001, 1005, 1006, 1011, 1012, 1013, 3000, 4408, 4429];
const STOPS: &[u16] = &[4400, 4401, 4403, 4404, 4413];
const HINTS: &[Hint] = &[
    Hint::Online,
    Hint::Offline,
    Hint::Visible,
    Hint::Foreground,
    Hint::NetworkChanged,
    Hint::Suspend,
    Hint::Resume,
];
/// Hints that may come without end while all is well: the host is not frozen.
const ENDLESS: &[Hint] = &[
    Hint::Online,
    Hint::Offline,
    Hint::Visible,
    Hint::Foreground,
    Hint::NetworkChanged,
    Hint::Resume,
];
const CAUSES: &[Cause] = &[
    Cause::Dns,
    Cause::Refused,
    Cause::Unreachable,
    Cause::Certificate,
    Cause::Tls,
    Cause::Redirect(302),
    Cause::Http(404),
    Cause::Http(429),
    Cause::Http(503),
    Cause::NotTheService,
];

/// Mostly a short while, at times a long one.
fn while_ms() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0_u64), 4 => 1..300_u64, 4 => 300..4_000_u64, 3 => 4_000..40_000_u64]
}

fn long_ms() -> impl Strategy<Value = u64> {
    prop_oneof![0..30_000_u64, 30_000..20_000_000_u64]
}

fn failure() -> impl Strategy<Value = Failure> {
    let pause = prop_oneof![
        2 => Just(None),
        1 => (0..40_000_u32).prop_map(Some),
        1 => (40_000..1_000_000_u32).prop_map(Some),
    ];
    (select(CAUSES), pause).prop_map(|(cause, retry_after_ms)| Failure {
        cause,
        retry_after_ms,
    })
}

fn dials() -> impl Strategy<Value = Dials> {
    prop_oneof![
        6 => Just(Dials::Answered),
        3 => Just(Dials::Lost),
        3 => failure().prop_map(Dials::Failed),
        2 => Just(Dials::Mute),
        1 => Just(Dials::Stranded),
        4 => select(RETRIED).prop_map(Dials::Refused),
    ]
}

fn polls() -> impl Strategy<Value = Polls> {
    prop_oneof![
        8 => Just(Polls::Answered),
        4 => Just(Polls::Lost),
        6 => failure().prop_map(Polls::Failed),
        1 => Just(Polls::Unauthorized),
        1 => Just(Polls::Forbidden),
    ]
}

fn signatures() -> impl Strategy<Value = Signatures> {
    prop_oneof![
        4 => Just(Signatures::Ready),
        2 => (0..120_000_u64).prop_map(Signatures::Lasting),
        2 => arbitrary::<bool>().prop_map(|known| Signatures::BornExpired { known }),
        2 => Just(Signatures::Failed),
        2 => Just(Signatures::Lost),
        1 => Just(Signatures::Refused),
    ]
}

fn hints() -> impl Strategy<Value = Fault> {
    prop_oneof![
        2 => select(HINTS).prop_map(Fault::Hint),
        1 => (select(ENDLESS), 2..30_u8, 200..6_000_u64)
            .prop_map(|(hint, times, every)| Fault::Hints { hint, times, every }),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        12 => prop_oneof![Just(0_u64), 1..5_000_u64].prop_map(|later| Fault::Publish { later }),
        1 => arbitrary::<bool>().prop_map(|unknown| Fault::Finish { known: !unknown }),
        3 => (0..4_u64).prop_map(|back| Fault::Restore { back }),
        4 => prop_oneof![0..300_u64, 300..14_000_u64].prop_map(Fault::Latency),
        9 => dials().prop_map(Fault::Dials),
        5 => polls().prop_map(Fault::Polls),
        3 => signatures().prop_map(Fault::Signatures),
        3 => Just(Fault::Expire),
        6 => Just(Fault::Cut),
        4 => Just(Fault::HalfOpen),
        4 => select(RETRIED).prop_map(Fault::Close),
        1 => select(STOPS).prop_map(Fault::Close),
        3 => Just(Fault::Close(1000)),
        4 => select(vec![Stray::Notice, Stray::Unknown, Stray::Malformed, Stray::Pong]).prop_map(Fault::Send),
        6 => (0..4_u64).prop_map(|back| Fault::Replay { back }),
        4 => Just(Fault::Reorder),
        2 => Just(Fault::Replace),
        4 => (long_ms(), arbitrary::<bool>(), arbitrary::<bool>())
            .prop_map(|(ms, timer_first, counted)| Fault::Sleep { ms, timer_first, counted }),
        3 => (0..3_usize, prop_oneof![0..60_000_u64, 60_000..600_000_u64])
            .prop_map(|(tab, ms)| Fault::Freeze { tab, ms }),
        2 => long_ms().prop_map(Fault::ClockForward),
        2 => long_ms().prop_map(Fault::ClockBack),
        12 => hints(),
        2 => Just(Fault::Timeout),
        1 => Just(Fault::UserClose),
    ]
}

fn heal() -> impl Strategy<Value = Heal> {
    let latency = prop_oneof![3 => Just(20_u64), 1 => 20..4_000_u64];
    let hints = (select(ENDLESS), 300..6_000_u64).prop_map(Some);
    // Hints come faster than a handshake takes.
    let insistent = (select(ENDLESS), 300..1_500_u64).prop_map(Some);
    let latency_and_hints = prop_oneof![
        12 => (latency.clone(), Just(None)),
        5 => (latency, hints),
        2 => (1_000..4_000_u64, insistent),
    ];
    let only_polls = proptest::bool::weighted(0.1);
    (latency_and_hints, only_polls).prop_map(|((latency, hints), only_polls)| Heal {
        latency,
        only_polls,
        hints,
    })
}

/// Any schedule of up to thirty faults for so many clients.
pub(super) fn any(tabs: impl Strategy<Value = usize>) -> impl Strategy<Value = Schedule> {
    let step = (while_ms(), fault()).prop_map(|(after, fault)| Step { after, fault });
    let steps = proptest::collection::vec(step, 0..30);
    // `false` is what shrinking prefers.
    let flags = (
        proptest::bool::weighted(0.1),
        proptest::bool::weighted(0.1),
        proptest::bool::weighted(0.15),
    );
    let lifetime = proptest::option::weighted(0.15, 0..200_000_u64);
    (arbitrary::<u64>(), flags, lifetime, tabs, steps, heal()).prop_map(
        |(seed, (cannot_refresh, starts_unsigned, old_service), lifetime, tabs, steps, heal)| Schedule {
            seed,
            can_refresh: !cannot_refresh,
            starts_unsigned: starts_unsigned && !cannot_refresh,
            lifetime,
            old_service,
            tabs,
            steps,
            heal,
        },
    )
}
