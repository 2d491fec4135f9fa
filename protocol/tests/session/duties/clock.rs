//! A clock that is not monotonic: at worst the wait under way starts anew.

use crate::pair::Pair;
use transfer_status_protocol::session::{Frame, Hint};

#[test]
fn a_clock_set_back_takes_the_deadlines_with_it() {
    let mut pair = Pair::live();
    pair.advance(19_000);
    pair.timeout();
    pair.set_clock_back(900_000);
    pair.timeout();
    assert_eq!(pair.pings, []);
    pair.advance(999);
    assert_eq!(pair.pings, []);
    pair.advance(1);
    assert_eq!(
        pair.pings.len(),
        1,
        "twenty seconds of silence, whatever the clock says"
    );
}

#[test]
fn a_clock_set_back_unseen_makes_the_wait_start_anew_at_worst() {
    let mut pair = Pair::live();
    pair.advance(19_000);
    pair.set_clock_back(900_000);
    pair.timeout();
    pair.advance(20_000);
    assert_eq!(pair.pings.len(), 1);
}

#[test]
fn a_clock_set_back_cannot_strand_a_waiting_session() {
    let mut pair = Pair::new();
    pair.fail(9);
    pair.set_clock_back(999_000);
    pair.hint(Hint::Offline);
    assert!(pair.until_dial() <= 30_000);
}

#[test]
fn a_clock_set_back_does_not_keep_hints_from_working() {
    let mut pair = Pair::new();
    pair.fail(9);
    pair.advance(600);
    if pair.has_socket() {
        pair.lose(1006);
    }
    pair.set_clock_back(900_000);
    pair.hint(Hint::Online);
    pair.advance(500);
    assert!(pair.has_socket());
}

#[test]
fn a_pause_asked_for_is_kept_over_a_clock_set_back() {
    let mut pair = Pair::live();
    pair.lose(4429);
    pair.advance(6_000);
    pair.hint(Hint::Visible);
    pair.set_clock_back(500_000);
    pair.hint(Hint::Visible);
    pair.advance(3_999);
    assert_eq!(pair.dials.len(), 1);
    pair.advance(501);
    assert_eq!(pair.dials.len(), 2);
}

#[test]
fn a_clock_set_forward_only_brings_things_sooner_and_a_link_that_answers_survives_it() {
    let mut pair = Pair::live();
    for _ in 0..50 {
        pair.sleep(86_400_000);
        pair.timeout();
        pair.frame(Frame::Pong);
        pair.set_clock_back(86_399_000);
        pair.timeout();
    }
    assert_eq!((pair.drops.len(), pair.dials.len(), pair.pings.len()), (0, 1, 50));
}

#[test]
fn a_timeout_called_early_or_twice_does_no_harm() {
    let mut pair = Pair::live();
    for _ in 0..40 {
        pair.advance(499);
        pair.timeout();
        pair.timeout();
    }
    assert_eq!((pair.pings.len(), pair.events.len()), (0, 3));
}
