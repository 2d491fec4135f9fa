//! Full-jitter backoff: its window in every round, and what earns it back.

use crate::pair::Pair;
use transfer_status_protocol::session::{Config, Frame};

/// The least and the most wait, over many seeds, that follow after `prepare`.
fn window(prepare: impl Fn(&mut Pair)) -> (u64, u64) {
    let waits = (0..400).map(|seed| {
        let mut pair = Pair::with(Config::DEFAULT, seed);
        prepare(&mut pair);
        pair.until_dial()
    });
    waits.fold((u64::MAX, 0), |(least, most), wait| {
        (least.min(wait), most.max(wait))
    })
}

#[track_caller]
fn assert_full_jitter(window: (u64, u64), ceiling: u64) {
    let (least, most) = window;
    assert!(
        least <= ceiling / 20 && most > ceiling / 20 * 19 && most <= ceiling,
        "{window:?} of {ceiling}"
    );
}

#[test]
fn the_wait_is_anywhere_under_a_ceiling_that_doubles_from_half_a_second_to_half_a_minute() {
    let ceilings = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];
    for (round, ceiling) in ceilings.into_iter().enumerate() {
        assert_full_jitter(window(|pair| pair.fail(round + 1)), ceiling);
    }
}

#[test]
fn it_is_tried_again_for_as_long_as_the_user_wants_the_transfer() {
    let mut pair = Pair::new();
    for attempt in 1..=2_000 {
        assert_eq!(pair.dials.len(), attempt);
        pair.lose(1006);
        assert!(pair.until_dial() <= 30_000);
    }
    assert_eq!(pair.end(), None);
}

#[test]
fn an_open_socket_that_is_then_refused_earns_nothing_back() {
    let refused = window(|pair| {
        for _ in 0..4 {
            pair.open();
            pair.frame(Frame::Notice("unavailable"));
            pair.lose(1013);
            pair.until_dial();
        }
        pair.open();
        pair.lose(1013);
    });
    assert_full_jitter(refused, 8_000);
}

#[test]
fn a_snapshot_lost_after_4_9_seconds_earns_nothing_back() {
    let lost_early = window(|pair| {
        pair.fail(4);
        pair.until_dial();
        pair.open();
        pair.snapshot(1);
        pair.advance(4_900);
        pair.lose(1006);
    });
    assert_full_jitter(lost_early, 8_000);
}

#[test]
fn five_seconds_count_from_the_snapshot_and_not_from_the_open_socket() {
    let late_snapshot = window(|pair| {
        pair.fail(4);
        pair.until_dial();
        pair.open();
        pair.advance(4_000);
        pair.snapshot(1);
        pair.advance(3_000);
        pair.snapshot(2);
        pair.advance(1_999);
        pair.lose(1006);
    });
    assert_full_jitter(late_snapshot, 8_000);
}

#[test]
fn a_snapshot_that_has_held_for_five_seconds_makes_the_next_wait_short_again() {
    let held = window(|pair| {
        pair.fail(9);
        pair.until_dial();
        pair.open();
        pair.snapshot(1);
        pair.advance(5_000);
        pair.lose(1006);
    });
    assert_full_jitter(held, 500);
}

#[test]
fn two_clients_that_lost_the_same_server_do_not_come_back_together() {
    let mut waits = Vec::from_iter((0..100).map(|seed| {
        let mut pair = Pair::with(Config::DEFAULT, seed);
        pair.fail(7);
        pair.until_dial()
    }));
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 90, "{} different waits of 100", waits.len());
}
