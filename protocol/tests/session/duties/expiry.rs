//! A signature that expires while the client waits or polls: it is of no use any more, and says nothing of the fresh one.

use crate::pair::{CAN_REFRESH, Pair};
use transfer_status_protocol::session::{Hint, PollAnswer, Refusal, SignatureAnswer};

/// Polls are under way, and the client asks for a fresh signature because the present one has expired.
fn refreshing_while_polling() -> Pair {
    let mut pair = Pair::with(CAN_REFRESH, 7);
    pair.fail(3);
    pair.expires_in(1);
    pair.advance(2);
    pair.until_refresh();
    assert_eq!(pair.polls.len(), 1, "and the poll has not been answered");
    pair
}

#[test]
fn no_poll_goes_out_with_a_signature_that_is_known_to_be_expired() {
    let mut pair = Pair::with(CAN_REFRESH, 7).made_live();
    pair.advance(6_000);
    pair.expires_in(10);
    pair.lose(1006);
    pair.advance(20);
    assert!(pair.refreshes.is_empty(), "it still waits");
    pair.hint(Hint::Foreground);
    assert_eq!((pair.refreshes.len(), pair.polls.len()), (1, 0));
}

#[test]
fn a_fresh_signature_counts_whatever_an_old_poll_says_before_it_comes() {
    let mut pair = refreshing_while_polling();
    pair.answer_poll(PollAnswer::Refused(Refusal::Expired));
    let dials = pair.dials.len();
    pair.answer_signature(SignatureAnswer::Ready);
    assert_eq!(pair.dials.len(), dials + 1);
}

#[test]
fn a_poll_with_the_old_signature_says_nothing_of_the_fresh_one() {
    let mut pair = refreshing_while_polling();
    let (_, (with_the_old, _)) = pair.polls[0];
    pair.answer_signature(SignatureAnswer::Ready);
    pair.answer_poll_of(with_the_old, PollAnswer::Refused(Refusal::Expired));
    assert!(pair.has_socket());
}
