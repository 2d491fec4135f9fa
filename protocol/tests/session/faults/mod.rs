//! Random schedules of faults. A server moves a transfer to its end, networks and hosts misbehave as the schedule says,
//! then all is well again. Every step of every client is held by a judge ([`judge`]) against PROTOCOL.md's "A client's
//! duties", and what the user saw against what really happened ([`history`]). Tabs share a socket as [`share`] says.
//!
//! The judge sees from outside what a host sees, and follows from the document's sentences alone: where session and
//! judge differ, one of them has misread a sentence. That it would find what sessions have got wrong is tested too:
//! `cargo xtask mutants` puts each fault in `mutants/` back and requires that these schedules, or the crowds, fail.
//!
//! The seed is fixed: a run is the same on every machine. A run over millions takes minutes, each seed another set:
//!
//! ```text
//! PROPTEST_CASES=1000000 PROPTEST_RNG_SEED=1 \
//!     cargo test --release -p transfer-status-protocol --test session faults
//! ```

use std::path::Path;

mod client;
mod history;
mod judge;
mod network;
mod schedule;
mod share;
mod world;

pub(crate) use judge::Input;
use proptest::prelude::{Just, Strategy};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as Cases, RngAlgorithm, RngSeed, TestRng, TestRunner};
pub(crate) use schedule::{Dials, Fault, Heal, Schedule};
pub(crate) use world::{Sent, What, World};

/// The cases of a run: few enough for a debug build, unless the environment says otherwise.
fn cases() -> Cases {
    let chosen = Cases::default();
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => chosen.cases,
        None => 2_000,
    };
    Cases {
        cases,
        max_shrink_iters: match std::env::var_os("PROPTEST_MAX_SHRINK_ITERS") {
            Some(_) => chosen.max_shrink_iters,
            None => 20_000,
        },
        failure_persistence: None,
        rng_seed: match chosen.rng_seed {
            RngSeed::Random => RngSeed::Fixed(0x7472_616e_7366_6572),
            fixed => fixed,
        },
        ..chosen
    }
}

/// Runs the schedule that is dealt from bytes, as a fuzzer makes them up: of one client, or of tabs that share a socket.
/// It keeps the bytes whose schedule reaches code that no other has reached.
pub(crate) fn run_bytes(data: &[u8]) {
    let Some((tabs, rest)) = data.split_first() else {
        return;
    };
    let mut seed = [1; 16];
    for (place, byte) in rest.iter().enumerate() {
        seed[place % 16] ^= byte.rotate_left((place / 16) as u32);
    }
    let dealt = TestRng::from_seed(RngAlgorithm::XorShift, &seed);
    let mut runner = TestRunner::new_with_rng(Cases::default(), dealt);
    let tabs = usize::from(tabs % 3) + 1;
    if let Ok(tree) = schedule::any(Just(tabs)).new_tree(&mut runner) {
        World::run(&tree.current());
    }
}

#[test]
fn the_duties_are_kept_over_the_corpus_that_fuzzing_has_gathered() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/session");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("protocol/fuzz/corpus has a session") {
        let path = entry.expect("a file").path();
        println!("{}", path.display());
        run_bytes(&std::fs::read(path).expect("a file"));
        count += 1;
    }
    assert!(count >= 10, "a corpus of {count}");
}

proptest::proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_goes_wrong_a_client_keeps_its_duties_and_shows_the_final_status(
        schedule in schedule::any(Just(1))
    ) {
        World::run(&schedule);
    }

    #[test]
    fn whatever_goes_wrong_tabs_that_share_a_socket_keep_their_duties_and_show_the_final_status(
        schedule in schedule::any(2..4_usize)
    ) {
        World::run(&schedule);
    }
}
