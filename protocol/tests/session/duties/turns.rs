//! A host that makes only so many dials at a time: a dial that waits for its turn is no attempt yet.

use crate::pair::Pair;
use transfer_status_protocol::session::{Cause, Hint};

/// A watch that has lost its link, and whose next dial waits.
fn waiting() -> Pair {
    let mut pair = Pair::live();
    pair.is_crowded = true;
    pair.lose(1012);
    pair.until_dial();
    pair
}

#[test]
fn an_attempt_begins_with_its_turn_and_not_before() {
    let mut pair = waiting();
    let (dials, drops, told) = (pair.dials.len(), pair.drops.len(), pair.problems().len());
    assert_eq!(pair.wake(), None, "nothing runs against it");
    pair.advance(600_000);
    assert_eq!((pair.dials.len(), pair.drops.len()), (dials, drops));
    assert_eq!(pair.problems().len(), told, "nothing has failed");

    pair.begin_dial();
    pair.advance(9_999);
    assert_eq!(pair.drops.len(), drops);
    pair.advance(1);
    assert_eq!(pair.drops.len(), drops + 1, "it has its ten seconds, and no more");
    assert_eq!(pair.causes().last(), Some(&Some(Cause::Timeout)));
}

#[test]
fn no_hint_takes_its_turn_away_from_a_dial_that_waits() {
    let mut pair = waiting();
    let dials = pair.dials.len();
    for hint in [
        Hint::NetworkChanged,
        Hint::Online,
        Hint::Foreground,
        Hint::Visible,
        Hint::Resume,
    ] {
        pair.advance(5_000);
        pair.hint(hint);
    }
    assert_eq!(pair.dials.len(), dials);

    // Once it is under way it is an attempt like any other.
    pair.begin_dial();
    pair.is_crowded = false;
    pair.advance(1_999);
    pair.hint(Hint::NetworkChanged);
    assert_eq!(pair.dials.len(), dials);
    pair.advance(1);
    pair.hint(Hint::NetworkChanged);
    assert_eq!(pair.dials.len(), dials + 1);
}

#[test]
fn who_polls_goes_on_polling_while_its_dial_waits() {
    let mut pair = Pair::new();
    pair.fail(3);
    pair.is_crowded = true;
    pair.until_dial();
    let polls = pair.polls.len();
    pair.until(|pair| pair.polls.len() > polls);
}

#[test]
fn a_turn_that_comes_too_late_begins_nothing() {
    let mut pair = waiting();
    let given_up = pair.conn();
    pair.hint(Hint::Suspend);
    assert!(!pair.has_socket());
    pair.begin_dial_of(given_up);
    assert_eq!(pair.wake(), None);

    pair.close();
    pair.begin_dial_of(given_up);
    assert_eq!(pair.wake(), None);
}
