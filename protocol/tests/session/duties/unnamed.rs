//! A status whose name the client does not know: it may be the last one, and the client stops only where it knows.

use crate::pair::Pair;
use crate::seen::Seen;
use transfer_status_protocol::session::{CloseReason, Frame, PollAnswer};

#[test]
fn a_doubtful_end_is_decided_by_what_the_poll_says_and_not_by_what_was_shown() {
    let mut pair = Pair::new();
    pair.open();
    pair.frame(Frame::Snapshot(Seen::version(2).and_unknown()));
    pair.lose(1000);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    assert_eq!(pair.end(), None, "`pending` makes the 1000 a 1001");
}

#[test]
fn the_last_status_of_the_earlier_service_is_shown_though_it_is_as_old_as_the_one_before() {
    let mut pair = Pair::new();
    pair.open();
    pair.frame(Frame::Snapshot(Seen::version(1).unversioned()));
    pair.lose(1000);
    let mut last = Seen::version(1).unversioned().and_unknown();
    last.truth = 2;
    pair.answer_poll(PollAnswer::Snapshot(last));
    assert_eq!(pair.end(), Some(CloseReason::Final));
    assert_eq!(pair.shown(), [1, 2], "and is shown before the end");
}
