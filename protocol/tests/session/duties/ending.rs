//! The end of a session, and events that come too late.

use crate::pair::{CAN_REFRESH, Pair};
use crate::seen::Seen;
use transfer_status_protocol::session::{
    CloseReason, Config, Event, Frame, Hint, PollAnswer, PollId, SignatureAnswer, SignatureId,
};

/// One pair for each state a session can be in, with what it is in.
fn states() -> [(&'static str, Pair); 7] {
    let mut opened = Pair::new();
    opened.open();
    let mut waiting = Pair::live();
    waiting.lose(1006);
    let mut polling = Pair::new();
    polling.fail(3);
    let mut confirming = Pair::live();
    confirming.lose(1000);
    let signing = Pair::with(
        Config {
            starts_unsigned: true,
            ..CAN_REFRESH
        },
        1,
    );
    [
        ("dialling", Pair::new()),
        ("opened", opened),
        ("live", Pair::live()),
        ("waiting", waiting),
        ("polling", polling),
        ("confirming", confirming),
        ("signing", signing),
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
        );
        assert_eq!(
            (after, pair.wake(), pair.refreshes.len()),
            (before, None, pair.refreshes.len()),
            "{state}"
        );
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
