//! Expired signatures, and the host's way to a fresh one.

use crate::pair::{CAN_REFRESH, Pair};
use crate::seen::Seen;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    Cause, CloseReason, Config, Connection, Hint, PollAnswer, Refusal, SignatureAnswer,
};

/// A live pair that has just been told that its signature expired, and asks for another.
fn expired() -> Pair {
    let mut pair = Pair::with(CAN_REFRESH, 3).made_live();
    pair.advance(15_000);
    pair.lose(4410);
    pair.until_refresh();
    pair
}

#[test]
fn an_expired_signature_is_replaced_and_the_watch_goes_on() {
    let mut pair = expired();
    assert_eq!(
        (pair.refreshes.len(), pair.dials.len()),
        (1, 1),
        "no dial with the old one"
    );
    pair.advance(2_000);
    pair.answer_signature(SignatureAnswer::Ready);
    assert_eq!(
        pair.dials.last().map(|dial| dial.0),
        Some(pair.now()),
        "dials at once"
    );
    pair.open();
    pair.snapshot(2);
    assert_eq!(pair.shown(), [1, 2]);
}

#[test]
fn a_host_that_begins_with_no_signature_is_asked_for_one_first() {
    let mut pair = Pair::with(
        Config {
            starts_unsigned: true,
            ..CAN_REFRESH
        },
        1,
    );
    assert_eq!((pair.refreshes.len(), pair.dials.len()), (1, 0));
    pair.answer_signature(SignatureAnswer::Ready);
    assert_eq!(pair.dials.len(), 1);
}

#[test]
fn a_refresh_that_fails_is_asked_again_with_backoff_and_no_cap_on_attempts() {
    let mut pair = expired();
    for round in 1..200 {
        pair.answer_signature(SignatureAnswer::Failed);
        let wait = pair.until_refresh();
        assert!(
            wait <= (500 << round.min(10)).min(30_000),
            "round {round}: {wait}"
        );
    }
    assert_eq!((pair.end(), pair.dials.len(), pair.polls.len()), (None, 1, 0));
}

#[test]
fn a_refresh_that_is_refused_ends_the_session() {
    let mut pair = expired();
    pair.answer_signature(SignatureAnswer::Refused);
    assert_eq!(
        (pair.end(), pair.wake()),
        (Some(CloseReason::SignatureRefused), None)
    );
}

#[test]
fn a_refresh_that_never_answers_is_given_thirty_seconds_and_its_late_answer_is_ignored() {
    let mut pair = expired();
    let (at, first) = pair.refreshes[0];
    pair.advance(29_999);
    assert_eq!(pair.wake(), Some(at + 30_000));
    pair.advance(1);
    pair.until_refresh();
    assert_eq!(pair.refreshes.len(), 2);
    pair.answer_signature_of(first, SignatureAnswer::Refused);
    pair.answer_signature_of(first, SignatureAnswer::Ready);
    assert_eq!((pair.end(), pair.dials.len()), (None, 1));
    pair.answer_signature(SignatureAnswer::Ready);
    assert_eq!(pair.dials.len(), 2);
}

#[test]
fn signatures_that_never_please_the_server_slow_down_like_any_refusal() {
    let mut pair = expired();
    let mut longest = 0;
    for _ in 0..60 {
        pair.answer_signature(SignatureAnswer::Ready);
        pair.open();
        pair.lose(4410);
        longest = longest.max(pair.until_refresh());
    }
    assert!((20_000..=30_000).contains(&longest), "{longest}");
}

#[test]
fn hints_ask_the_merchant_for_a_signature_at_most_twice_a_second() {
    let mut pair = expired();
    for _ in 0..100 {
        pair.answer_signature(SignatureAnswer::Failed);
        pair.hint(Hint::Visible);
        pair.advance(10);
    }
    assert!(
        (3..=5).contains(&pair.refreshes.len()),
        "in one second: {:?}",
        pair.refreshes
    );
}

#[test]
fn a_poll_that_finds_the_signature_expired_asks_for_another_and_polls_rest_meanwhile() {
    let mut pair = Pair::with(CAN_REFRESH, 9);
    pair.fail(3);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    pair.until(|pair| pair.polls.len() == 2);
    pair.answer_poll(PollAnswer::Refused(Refusal::Expired));
    pair.until_refresh();
    assert!(
        !pair.has_socket(),
        "an attempt with the bad signature is given up"
    );
    pair.advance(20_000);
    assert_eq!(pair.polls.len(), 2);
    pair.answer_signature(SignatureAnswer::Ready);
    assert_eq!(
        pair.polls.len(),
        3,
        "sockets are still refused: polls go on at once"
    );
    assert!(pair.has_socket());
}

#[test]
fn a_poll_that_is_refused_ends_the_session_as_the_socket_would_have() {
    for (refusal, code) in [
        (Refusal::Unauthorized, CloseCode::UNAUTHORIZED),
        (Refusal::Forbidden, CloseCode::FORBIDDEN_ORIGIN),
    ] {
        let mut pair = Pair::with(CAN_REFRESH, 9);
        pair.fail(3);
        pair.answer_poll(PollAnswer::Refused(refusal));
        assert_eq!(
            (pair.end(), pair.wake()),
            (Some(CloseReason::Server(code)), None),
            "a fresh signature would be refused alike"
        );
        assert_eq!(pair.told(), [Connection::Connecting]);
        assert_eq!(pair.refreshes, []);
    }
}

#[test]
fn an_expired_signature_that_a_poll_finds_ends_the_session_of_a_host_that_cannot_get_another() {
    let mut pair = Pair::new();
    pair.fail(3);
    pair.answer_poll(PollAnswer::Refused(Refusal::Expired));
    assert_eq!(
        pair.end(),
        Some(CloseReason::Server(CloseCode::SIGNATURE_EXPIRED))
    );
}

#[test]
fn a_signature_that_is_known_to_have_expired_is_not_presented_again() {
    let mut pair = Pair::with(CAN_REFRESH, 3).made_live();
    pair.expires_in(60_000);
    pair.advance(20_000);
    pair.lose(1012);
    pair.until_dial();
    assert_eq!(pair.refreshes, [], "it is still good");
    pair.open();
    pair.snapshot(1);
    for _ in 0..3 {
        pair.advance(15_000);
        pair.frame(transfer_status_protocol::session::Frame::Pong);
    }
    pair.lose(1012);
    pair.until_refresh();
    assert_eq!(pair.dials.len(), 2, "no dial that could only be refused");
    pair.answer_signature(SignatureAnswer::Ready);
    assert_eq!(
        pair.dials.len(),
        3,
        "a fresh one is tried whatever this clock says"
    );
}

#[test]
fn a_fresh_signature_that_is_expired_or_does_not_come_is_a_problem_and_the_first_refresh_is_none() {
    let mut pair = expired();
    assert_eq!(pair.problems(), []);
    pair.answer_signature(SignatureAnswer::Failed);
    assert_eq!(pair.causes(), [Some(Cause::SignatureRefresh)]);
    let mut pair = expired();
    pair.answer_signature(SignatureAnswer::Ready);
    pair.open();
    pair.lose(4410);
    assert_eq!(pair.causes(), [Some(Cause::SignatureRefresh)]);
    pair.until_refresh();
    pair.answer_signature(SignatureAnswer::Ready);
    pair.open();
    pair.snapshot(2);
    assert_eq!(pair.causes(), [Some(Cause::SignatureRefresh), None]);
}
