//! The end of a session, and events that come too late.

use crate::pair::{CAN_REFRESH, FAILED, Pair};
use crate::seen::Seen;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    CloseReason, Config, Connection, Event, Frame, Hint, PollAnswer, PollId, SignatureAnswer, SignatureId,
};

/// One pair for each state a session can be in, with what it is in.
fn states() -> [(&'static str, Pair); 8] {
    let mut opened = Pair::new();
    opened.open();
    let mut waiting = Pair::live();
    waiting.lose(1006);
    let mut polling = Pair::new();
    polling.fail(3);
    let mut confirming = Pair::live();
    confirming.lose(1000);
    let refreshing = Pair::with(
        Config {
            starts_unsigned: true,
            ..CAN_REFRESH
        },
        1,
    );
    let mut suspended = Pair::live();
    suspended.hint(Hint::Suspend);
    [
        ("suspended", suspended),
        ("dialling", Pair::new()),
        ("opened", opened),
        ("live", Pair::live()),
        ("waiting", waiting),
        ("polling", polling),
        ("confirming", confirming),
        ("refreshing", refreshing),
    ]
}

#[test]
fn the_final_status_is_shown_and_ends_the_watch() {
    let mut pair = Pair::live();
    let conn = pair.conn();
    pair.frame(Frame::Snapshot(Seen::version(3).and_final()));
    let seen = Seen::version(3).and_final();
    let ending = [Event::Update(seen), Event::Closed(CloseReason::Final)];
    assert_eq!(pair.events[pair.events.len() - 2..], ending);
    assert_eq!(pair.drops, [(0, conn)], "the socket is not waited for");
    assert_eq!(pair.wake(), None);
}

#[test]
fn a_first_frame_that_is_final_is_enough() {
    let mut pair = Pair::new();
    pair.open();
    pair.frame(Frame::Snapshot(Seen::version(3).and_final()));
    assert_eq!(
        (pair.shown(), pair.end(), pair.wake()),
        (vec![3], Some(CloseReason::Final), None)
    );
}

#[test]
fn the_user_may_close_in_every_state_and_no_timer_or_socket_stays() {
    for (state, mut pair) in states() {
        pair.close();
        assert_eq!(pair.end(), Some(CloseReason::User), "{state}");
        assert_eq!((pair.wake(), pair.has_socket()), (None, false), "{state}");
    }
}

#[test]
fn nothing_comes_out_of_a_closed_session_whatever_goes_in() {
    for (state, mut pair) in states() {
        let conn = pair.dials.last().map(|dial| dial.1);
        pair.close();
        let before = (
            pair.events.len(),
            pair.dials.len(),
            pair.drops.len(),
            pair.polls.len(),
            pair.pings.len(),
            pair.refreshes.len(),
        );
        for number in 0..12 {
            pair.answer_poll_of(
                PollId::from_number(number),
                PollAnswer::Snapshot(Seen::version(7)),
            );
            pair.answer_signature_of(SignatureId::from_number(number), SignatureAnswer::Ready);
        }
        if let Some(conn) = conn {
            pair.frame_of(conn, Frame::Snapshot(Seen::version(9).and_final()));
            pair.frame_of(conn, Frame::Notice("late"));
            pair.closed(conn, 4410);
        }
        for hint in [
            Hint::Online,
            Hint::Offline,
            Hint::Visible,
            Hint::Foreground,
            Hint::NetworkChanged,
            Hint::Suspend,
            Hint::Resume,
        ] {
            pair.hint(hint);
        }
        pair.advance(3_600_000);
        pair.timeout();
        pair.close();
        let after = (
            pair.events.len(),
            pair.dials.len(),
            pair.drops.len(),
            pair.polls.len(),
            pair.pings.len(),
            pair.refreshes.len(),
        );
        assert_eq!((after, pair.wake()), (before, None), "{state}");
    }
}

#[test]
fn late_events_of_a_dropped_socket_are_ignored() {
    let mut pair = Pair::live();
    let old = pair.conn();
    pair.advance(30_000);
    pair.until_dial();
    pair.frame_of(old, Frame::Snapshot(Seen::version(8)));
    pair.frame_of(old, Frame::Malformed);
    pair.closed(old, 4401);
    assert_eq!(
        (pair.shown(), pair.end(), pair.has_socket()),
        (vec![1], None, true)
    );
    pair.open();
    pair.frame_of(old, Frame::Snapshot(Seen::version(8)));
    pair.snapshot(2);
    pair.advance(19_000);
    pair.frame_of(old, Frame::Pong);
    pair.advance(1_000);
    assert_eq!(
        pair.pings.len(),
        2,
        "a frame of the old socket says nothing of the new one"
    );
    assert_eq!(pair.shown(), [1, 2]);
}

#[test]
fn a_frame_before_the_open_is_ignored() {
    let mut pair = Pair::new();
    pair.snapshot(1);
    assert!(pair.shown().is_empty());
    assert_eq!(pair.wake(), Some(10_000));
}

/// A live pair whose server has closed with 1000, though no final status was seen.
fn confirming() -> Pair {
    let mut pair = Pair::live();
    pair.advance(6_000);
    pair.lose(1000);
    assert_eq!(pair.polls.len(), 1, "it looks at once");
    pair
}

#[test]
fn after_a_1000_a_final_status_that_a_poll_finds_is_shown_and_is_the_end() {
    let mut pair = confirming();
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(2).and_final()));
    assert_eq!((pair.shown(), pair.end()), (vec![1, 2], Some(CloseReason::Final)));
}

#[test]
fn after_a_1000_looks_that_fail_are_tried_again() {
    let mut pair = confirming();
    for _ in 0..3 {
        pair.answer_poll(FAILED);
        let polls = pair.polls.len();
        pair.until(|pair| pair.polls.len() > polls);
    }
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(2).and_final()));
    assert_eq!((pair.dials.len(), pair.end()), (1, Some(CloseReason::Final)));
}

#[test]
fn after_a_1000_a_status_that_the_client_does_not_know_is_the_end() {
    let mut pair = confirming();
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(2).and_unknown()));
    assert_eq!((pair.shown(), pair.end()), (vec![1, 2], Some(CloseReason::Final)));
    let mut pair = Pair::live();
    pair.frame(Frame::Snapshot(Seen::version(2).and_unknown()));
    pair.lose(1000);
    pair.answer_poll(PollAnswer::NotModified);
    assert_eq!((pair.shown(), pair.end()), (vec![1, 2], Some(CloseReason::Final)));
}

#[test]
fn a_1000_while_the_transfer_is_still_open_is_a_loss_like_any_other() {
    for answer in [PollAnswer::NotModified, PollAnswer::Snapshot(Seen::version(2))] {
        let mut pair = confirming();
        pair.answer_poll(answer);
        assert!(pair.until_dial() <= 500);
        pair.open();
        pair.frame(Frame::Snapshot(Seen::version(3).and_final()));
        assert_eq!(pair.end(), Some(CloseReason::Final));
    }
}

#[test]
fn a_1000_that_nothing_answers_for_a_minute_is_a_loss_like_any_other() {
    for answers in [true, false] {
        let mut pair = confirming();
        let at = pair.now();
        while pair.dials.len() == 1 {
            if answers {
                pair.answer_poll(FAILED);
            }
            let polls = pair.polls.len();
            pair.until(|pair| pair.polls.len() > polls || pair.dials.len() > 1);
        }
        let waited = pair.now() - at;
        assert!((60_000..=60_500).contains(&waited), "{waited}");
        assert!(pair.polls.len() >= 4);
        pair.open();
        pair.snapshot(1);
        let polls = pair.polls.len();
        pair.advance(19_000);
        assert_eq!(pair.polls.len(), polls, "polls end with the next snapshot");
        assert_eq!(pair.told().last(), Some(&Connection::Live));
    }
}

#[test]
fn a_1000_at_each_of_three_attempts_brings_the_polls() {
    let mut pair = Pair::new();
    for _ in 0..3 {
        pair.open();
        pair.lose(1000);
        pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
        if pair.polls.len() < 3 {
            pair.until_dial();
        }
    }
    let polls = pair.polls.len();
    pair.advance(3_600);
    assert!(pair.polls.len() > polls);
}

#[test]
fn a_deleted_transfer_stops_the_watch() {
    let mut pair = Pair::live();
    pair.lose(4404);
    assert_eq!(pair.end(), Some(CloseReason::Server(CloseCode::DELETED)));
}
