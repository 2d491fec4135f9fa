//! The life of one socket: connect timeout, first frame, ping and pong.

use crate::pair::Pair;
use crate::seen::Seen;
use transfer_status_protocol::session::{Connection, Frame, PollAnswer};

#[test]
fn an_attempt_that_does_not_open_is_given_up_after_ten_seconds() {
    let mut pair = Pair::new();
    let conn = pair.conn();
    pair.advance(9_999);
    assert_eq!(pair.drops, []);
    pair.advance(1);
    assert_eq!(pair.drops, [(10_000, conn)]);
    assert!(pair.until_dial() <= 500, "and the next one follows with backoff");
}

#[test]
fn an_open_socket_that_tells_nothing_is_given_up_after_ten_seconds() {
    let mut pair = Pair::new();
    pair.advance(3_000);
    pair.open();
    pair.advance(9_999);
    pair.frame(Frame::Pong);
    pair.frame(Frame::Unknown);
    assert_eq!(pair.drops, []);
    pair.advance(1);
    assert_eq!(
        pair.drops,
        [(13_000, pair.dials[0].1)],
        "a pong or an unknown frame tells nothing"
    );
}

#[test]
fn an_error_message_that_no_close_follows_does_not_keep_a_socket_that_brings_no_status() {
    let mut pair = Pair::new();
    pair.open();
    pair.frame(Frame::Notice("not_found"));
    pair.advance(10_000);
    assert_eq!(pair.drops.len(), 1);
    for _ in 0..2 {
        pair.until_dial();
        pair.open();
        pair.frame(Frame::Notice("not_found"));
        pair.advance(10_000);
    }
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    assert_eq!(pair.shown(), [1], "and polls look after the third");
}

#[test]
fn silence_of_twenty_seconds_brings_a_ping_to_the_millisecond() {
    let mut pair = Pair::live();
    pair.advance(19_999);
    assert_eq!(pair.pings, []);
    pair.advance(1);
    assert_eq!(pair.pings, [(20_000, pair.conn())]);
}

#[test]
fn every_frame_starts_the_silence_anew() {
    let mut pair = Pair::live();
    for frame in [
        Frame::Pong,
        Frame::Unknown,
        Frame::Notice("scan"),
        Frame::Snapshot(Seen::version(2)),
    ] {
        pair.advance(19_999);
        pair.frame(frame);
        assert_eq!(pair.pings, []);
    }
    pair.advance(20_000);
    assert_eq!(pair.pings.len(), 1);
}

#[test]
fn a_half_open_link_is_dropped_ten_seconds_after_the_ping_without_waiting_for_its_close() {
    let mut pair = Pair::live();
    let conn = pair.conn();
    pair.advance(29_999);
    assert_eq!(pair.drops, []);
    pair.advance(1);
    assert_eq!(pair.drops, [(30_000, conn)]);
    assert!(
        pair.until_dial() <= 500,
        "connects anew though no close ever came"
    );
    assert_eq!(
        pair.told(),
        [Connection::Connecting, Connection::Live, Connection::Reconnecting]
    );
}

#[test]
fn a_link_that_answers_its_pings_is_kept_for_hours() {
    let mut pair = Pair::live();
    for _ in 0..1_000 {
        pair.advance(20_000);
        pair.advance(9_999);
        pair.frame(Frame::Pong);
    }
    assert_eq!(
        (pair.pings.len(), pair.drops.len(), pair.dials.len()),
        (1_000, 0, 1)
    );
}

#[test]
fn a_message_not_of_the_protocol_gives_the_link_up_and_the_next_one_heals() {
    let mut pair = Pair::live();
    pair.frame(Frame::Malformed);
    assert_eq!(pair.drops.len(), 1);
    pair.until_dial();
    pair.open();
    pair.snapshot(2);
    assert_eq!(pair.shown(), [1, 2]);
}
