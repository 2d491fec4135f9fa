//! Random schedules of faults. A server moves a transfer to its end, a network and a host misbehave as the
//! schedule says, then all is well again. Every step of the session is judged by a reference model
//! ([`referee`]), and what the user saw by what really happened ([`user`]).
//!
//! The seed is fixed: a run is the same on every machine. A run over millions takes minutes, each seed
//! another set:
//!
//! ```text
//! PROPTEST_CASES=2000000 PROPTEST_RNG_SEED=1 \
//!     cargo test --release -p transfer-status-protocol --test session faults
//! ```

mod expected;
mod link;
mod referee;
mod schedule;
mod user;
mod world;

use proptest::test_runner::{Config as Cases, RngSeed};
use schedule::{Fault, Schedule, Step};
use world::World;

/// The cases of a run: few enough for a debug build, unless the environment says otherwise.
fn cases() -> Cases {
    let chosen = Cases::default();
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => chosen.cases,
        None => 2_000,
    };
    Cases {
        cases,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        rng_seed: match chosen.rng_seed {
            RngSeed::Random => RngSeed::Fixed(0x7472_616e_7366_6572),
            fixed => fixed,
        },
        ..chosen
    }
}

proptest::proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_goes_wrong_the_user_sees_no_version_twice_none_go_back_and_the_final_one(
        schedule in schedule::any()
    ) {
        World::run(&schedule);
    }
}

#[test]
fn an_undisturbed_watch_sees_every_version() {
    let publish = |after| Step {
        after,
        fault: Fault::Publish { later: 1_000 },
    };
    let schedule = Schedule {
        seed: 1,
        can_refresh: true,
        old_service: false,
        steps: vec![publish(500), publish(500)],
    };
    assert_eq!(World::run(&schedule), [0, 1, 2, 3]);
}
