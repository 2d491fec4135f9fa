//! Any schedule: how often each fault strikes, and how long things take.

use super::{Dials, Fault, Heal, Polls, Schedule, Signatures, Step, Stray};
use proptest::prelude::{Just, Strategy, any as arbitrary, prop_oneof};
use proptest::sample::select;
use transfer_status_protocol::session::{Cause, Failure, Hint};

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

/// A tab's 10 s run on while it waits for the lock. Where two take turns, each has half of them left for its handshake.
const SHARED_LATENCY: u64 = 2_300;

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
        5 => (1..4_u64).prop_map(|back| Fault::Restore { back }),
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
        8 => (0..6_u64).prop_map(|back| Fault::Replay { back }),
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
pub(in crate::faults) fn any(tabs: impl Strategy<Value = usize>) -> impl Strategy<Value = Schedule> {
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
            heal: Heal {
                latency: heal.latency.min(if tabs > 1 { SHARED_LATENCY } else { u64::MAX }),
                ..heal
            },
        },
    )
}
