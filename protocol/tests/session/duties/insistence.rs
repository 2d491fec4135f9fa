//! Hints that come again and again: none takes from a client what it has, and all of them together keep it from nothing.

use crate::pair::{Pair, told_to_pause};
use transfer_status_protocol::session::{Frame, Hint, PollAnswer};

#[test]
fn a_probe_has_its_poll_also_after_one_that_was_held_back() {
    let mut pair = Pair::live();
    pair.advance(4_000);
    pair.hint(Hint::Foreground);
    pair.frame(Frame::Pong);
    pair.answer_poll(PollAnswer::Failed(told_to_pause(503, 5_000)));
    pair.advance(4_000);
    pair.hint(Hint::Foreground);
    pair.frame(Frame::Pong);
    pair.advance(6_000);
    assert_eq!(pair.polls.len(), 2, "held back by the pause");
    pair.answer_poll(PollAnswer::NotModified);
    pair.advance(5_000);
    pair.hint(Hint::Foreground);
    assert_eq!((pair.pings.len(), pair.polls.len()), (3, 3));
}

#[test]
fn an_attempt_over_a_slow_network_is_let_be_in_the_end_though_losses_come_between_the_hints() {
    // A tab of several: the same hints cut short whoever else dials for all of them, and each of those is a loss here.
    let mut pair = Pair::new();
    for _ in 0..8 {
        pair.advance(4_100);
        pair.hint(Hint::Visible);
        pair.advance(90);
        pair.lose(1006);
        pair.until_dial();
    }
    let dials = pair.dials.len();
    for _ in 0..5 {
        pair.advance(1_000);
        pair.hint(Hint::Visible);
    }
    assert_eq!(pair.dials.len(), dials, "5 s is enough for a handshake");
}
