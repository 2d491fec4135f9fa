//! What the user sees: each version at most once, never an older one after a newer one.

use crate::pair::Pair;
use crate::seen::Seen;
use transfer_status_protocol::session::{CloseReason, Connection, Event, Frame, PollAnswer};

fn earlier_service(truth: u64) -> Frame<Seen, &'static str> {
    Frame::Snapshot(Seen::version(truth).unversioned())
}

#[test]
fn a_version_is_shown_once_and_an_older_one_never() {
    let mut pair = Pair::live();
    for version in [1, 3, 2, 3, 1, 0, 4, 4] {
        pair.snapshot(version);
    }
    assert_eq!(pair.shown(), [1, 3, 4], "and one in between may be skipped");
}

#[test]
fn the_first_frame_of_the_next_socket_heals_and_repeats_nothing() {
    let mut pair = Pair::live();
    pair.lose(1012);
    pair.until_dial();
    pair.open();
    pair.snapshot(1);
    assert_eq!(pair.shown(), [1]);
    pair.lose(1012);
    pair.until_dial();
    pair.open();
    pair.snapshot(3);
    assert_eq!(pair.shown(), [1, 3]);
    let told = [
        Connection::Connecting,
        Connection::Live,
        Connection::Reconnecting,
        Connection::Live,
    ];
    assert_eq!(pair.told()[..4], told);
}

#[test]
fn an_announced_transfer_is_shown_and_its_first_update_follows() {
    let mut pair = Pair::new();
    pair.open();
    let mut announced = Seen::version(0);
    announced.order.updated_at_ms = 9_000;
    pair.frame(Frame::Snapshot(announced));
    pair.snapshot(1);
    pair.frame(Frame::Snapshot(announced));
    assert_eq!(
        pair.shown(),
        [0, 1],
        "though the server made up a later time for what was never reported"
    );
}

#[test]
fn the_earlier_service_without_versions_is_ordered_by_its_times() {
    let mut pair = Pair::new();
    pair.open();
    for truth in [1, 1, 2, 1, 3] {
        pair.frame(earlier_service(truth));
    }
    assert_eq!(pair.shown(), [1, 2, 3]);
    let mut last = Seen::version(3).unversioned().and_final();
    last.truth = 4;
    pair.frame(Frame::Snapshot(last));
    assert_eq!(
        (pair.shown(), pair.end()),
        (vec![1, 2, 3, 4], Some(CloseReason::Final)),
        "final in the same ms"
    );
}

#[test]
fn a_service_replaced_mid_watch_neither_repeats_nor_goes_back() {
    let mut pair = Pair::new();
    pair.open();
    pair.frame(earlier_service(2));
    pair.lose(1012);
    pair.until_dial();
    pair.open();
    for version in [0, 1, 2, 3] {
        pair.snapshot(version);
    }
    assert_eq!(pair.shown(), [2, 3]);
    pair.lose(1012);
    pair.until_dial();
    pair.open();
    for truth in [2, 3, 4] {
        pair.frame(earlier_service(truth));
    }
    assert_eq!(pair.shown(), [2, 3, 4], "and back to the old one");
}

#[test]
fn socket_and_poll_share_one_order() {
    let mut pair = Pair::new();
    pair.fail(3);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(5)));
    pair.until_dial();
    pair.open();
    pair.snapshot(4);
    pair.snapshot(5);
    pair.snapshot(6);
    assert_eq!(pair.shown(), [5, 6]);
}

#[test]
fn a_notice_is_passed_through_and_changes_nothing() {
    let mut pair = Pair::live();
    pair.frame(Frame::Notice("scan"));
    assert_eq!(pair.events.last(), Some(&Event::Notice("scan")));
    pair.frame(Frame::Unknown);
    assert_eq!((pair.shown(), pair.events.len()), (vec![1], 4));
}

#[test]
fn a_record_begun_anew_is_shown_from_its_first_version() {
    let mut pair = Pair::new();
    pair.open();
    pair.snapshot(7);
    for version in [1, 2] {
        pair.frame(Frame::Snapshot(Seen::version(version).later(20_000)));
    }
    pair.frame(Frame::Snapshot(Seen::version(1).later(20_000)));
    assert_eq!(pair.shown(), [7, 1, 2]);
}

#[test]
fn whatever_the_earlier_service_tells_is_news_after_an_announced_transfer() {
    let mut pair = Pair::new();
    pair.open();
    let mut announced = Seen::version(0);
    announced.order.updated_at_ms = 9_000;
    pair.frame(Frame::Snapshot(announced));
    pair.frame(earlier_service(1));
    assert_eq!(pair.shown(), [0, 1]);
}

#[test]
fn a_restored_service_that_counts_to_the_same_version_shows_its_final_status() {
    let mut pair = Pair::live();
    pair.frame(Frame::Snapshot(Seen::version(1).later(5_000).and_final()));
    assert_eq!(pair.end(), Some(CloseReason::Final));
}

#[test]
fn a_late_word_of_the_record_before_does_not_go_back() {
    let mut pair = Pair::new();
    pair.open();
    pair.snapshot(7);
    // The service was restored to version 3, and has gone on from there.
    pair.frame(Frame::Snapshot(Seen::version(4).later(60_000)));
    pair.snapshot(7);
    assert_eq!(pair.shown(), [7, 4]);
}
