//! What the judge has found, as the shortest story of each.

use crate::pair::{CAN_REFRESH, Pair, told_to_pause};
use crate::seen::Seen;
use transfer_status_protocol::session::{
    Cause, CloseReason, Frame, Hint, PollAnswer, Refusal, SignatureAnswer,
};

/// A client that has lost its link, and whose signature has just expired while it waits.
fn expired_while_waiting() -> Pair {
    let mut pair = Pair::with(CAN_REFRESH, 7).made_live();
    pair.advance(6_000);
    pair.expires_in(10);
    pair.lose(1006);
    pair.advance(20);
    assert!(pair.refreshes.is_empty(), "it still waits");
    pair
}

#[test]
fn no_poll_goes_out_with_a_signature_that_is_known_to_be_expired() {
    let mut pair = expired_while_waiting();
    pair.hint(Hint::Foreground);
    assert_eq!((pair.refreshes.len(), pair.polls.len()), (1, 0), "F1");
}

/// Polls are under way, and the client asks for a fresh signature because the present one has expired.
fn refreshing_while_polling() -> Pair {
    let mut pair = Pair::with(CAN_REFRESH, 7);
    pair.fail(3);
    pair.expires_in(1);
    pair.advance(2);
    let refreshes = pair.refreshes.len();
    pair.until(|pair| pair.refreshes.len() > refreshes);
    assert_eq!(pair.polls.len(), 1, "and the poll has not been answered");
    pair
}

#[test]
fn a_fresh_signature_counts_whatever_an_old_poll_says_before_it_comes() {
    let mut pair = refreshing_while_polling();
    pair.answer_poll(PollAnswer::Refused(Refusal::Expired));
    let dials = pair.dials.len();
    pair.answer_signature(SignatureAnswer::Ready);
    assert_eq!(
        pair.dials.len(),
        dials + 1,
        "F1b: the fresh signature is thrown away"
    );
}

#[test]
fn a_poll_with_the_old_signature_says_nothing_of_the_fresh_one() {
    let mut pair = refreshing_while_polling();
    let (_, (with_the_old, _)) = pair.polls[0];
    pair.answer_signature(SignatureAnswer::Ready);
    pair.answer_poll_of(with_the_old, PollAnswer::Refused(Refusal::Expired));
    assert!(pair.has_socket(), "F1c: the fresh signature's socket is dropped");
}

#[test]
fn a_restored_service_that_counts_to_the_same_version_shows_its_final_status() {
    let mut pair = Pair::live();
    let again = Seen::version(1).later(5_000).and_final();
    pair.frame(Frame::Snapshot(again));
    assert_eq!(pair.end(), Some(CloseReason::Final), "F3");
}

#[test]
fn a_late_word_of_the_record_before_does_not_go_back() {
    let mut pair = Pair::new();
    pair.open();
    pair.snapshot(7);
    // The service was restored to version 3, and has gone on from there.
    pair.frame(Frame::Snapshot(Seen::version(4).later(60_000)));
    assert_eq!(pair.shown(), [7, 4]);
    pair.snapshot(7);
    assert_eq!(
        pair.shown(),
        [7, 4],
        "F4: version 7 twice, and an older one after a newer one"
    );
}

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
    assert_eq!((pair.pings.len(), pair.polls.len()), (3, 3), "F7");
}

#[test]
fn a_doubtful_end_is_decided_by_what_the_poll_says() {
    let mut pair = Pair::new();
    pair.open();
    pair.frame(Frame::Snapshot(Seen::version(2).and_unknown()));
    pair.lose(1000);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    assert_eq!(pair.end(), None, "F8: `pending` makes the 1000 a 1001");
}

#[test]
fn an_answered_poll_leaves_the_count_of_what_the_sockets_met() {
    let mut pair = Pair::live();
    pair.fail(2);
    pair.until_dial();
    pair.lose(1006);
    pair.answer_poll(PollAnswer::Failed(Cause::Http(503).into()));
    pair.until(|pair| pair.polls.len() > 1);
    pair.answer_poll(PollAnswer::NotModified);
    let told = pair.problems();
    let last = told
        .last()
        .copied()
        .flatten()
        .expect("the sockets' problem stands");
    assert_eq!(last.cause, Cause::Unreachable);
    assert!(
        last.attempts >= 2 && pair.since_start(last.since) <= 1_000,
        "F6: {last:?}"
    );
}
