//! Every hint in every state: it makes the session probe, or connect at once.

use crate::pair::{CAN_REFRESH, Pair};
use crate::seen::Seen;
use transfer_status_protocol::session::{CloseReason, Frame, Hint, PollAnswer};

const ALL: [Hint; 5] = [
    Hint::Online,
    Hint::Offline,
    Hint::Visible,
    Hint::Foreground,
    Hint::NetworkChanged,
];
const WAKING: [Hint; 4] = [
    Hint::Online,
    Hint::Visible,
    Hint::Foreground,
    Hint::NetworkChanged,
];

/// A pair that waits for its next attempt for more than three seconds.
fn waiting() -> Pair {
    let pairs = (0..100).map(|seed| {
        let mut pair = Pair::with(CAN_REFRESH, seed);
        pair.fail(2);
        pair.until_dial();
        pair.open();
        pair.frame(Frame::Malformed);
        pair.answer_poll(PollAnswer::Failed);
        pair.until_dial();
        pair.lose(1006);
        pair
    });
    let mut long = pairs.filter(|pair| pair.wake() > Some(pair.now() + 2_000));
    long.next().expect("one of many waits is long")
}

#[test]
fn on_an_open_socket_every_hint_probes_at_once() {
    for hint in ALL {
        let mut pair = Pair::live();
        pair.advance(7_000);
        pair.hint(hint);
        assert_eq!(pair.pings, [(7_000, pair.conn())]);
        let conn = pair.conn();
        pair.advance(10_000);
        assert_eq!(
            pair.drops,
            [(17_000, conn)],
            "and the dead link is found in ten seconds"
        );
    }
}

#[test]
fn hints_in_a_row_send_one_ping_and_do_not_put_its_deadline_off() {
    let mut pair = Pair::live();
    for _ in 0..9 {
        for hint in ALL {
            pair.hint(hint);
        }
        pair.advance(1_000);
    }
    assert_eq!((pair.pings.len(), pair.drops.len()), (1, 0));
    pair.hint(Hint::Visible);
    pair.advance(1_000);
    assert_eq!(pair.drops.len(), 1);
}

#[test]
fn a_waiting_session_dials_at_once() {
    for hint in WAKING {
        let mut pair = waiting();
        pair.advance(600);
        let dials = pair.dials.len();
        pair.hint(hint);
        assert_eq!(pair.dials.len(), dials + 1, "{hint:?}");
        assert_eq!(pair.dials[dials].0, pair.now());
    }
}

#[test]
fn offline_is_a_rumour_that_stops_nobody() {
    let mut pair = waiting();
    let wake = pair.wake();
    pair.hint(Hint::Offline);
    assert_eq!(pair.wake(), wake);
    let mut dialling = Pair::new();
    dialling.advance(5_000);
    dialling.hint(Hint::Offline);
    assert_eq!((dialling.drops.len(), dialling.wake()), (0, Some(10_000)));
}

#[test]
fn hints_never_bring_attempts_closer_than_half_a_second() {
    let mut pair = Pair::new();
    for _ in 0..2_000 {
        if pair.has_socket() {
            pair.lose(1006);
        }
        pair.hint(Hint::Online);
        pair.hint(Hint::Visible);
        pair.advance(7);
    }
    assert!(pair.dials.len() <= 14_000 / 500 + 3, "{}", pair.dials.len());
    assert!(pair.dials.len() >= 14_000 / 510, "{}", pair.dials.len());
}

#[test]
fn hints_never_bring_polls_closer_than_half_a_second() {
    let mut pair = Pair::new();
    pair.fail(3);
    let before = pair.polls.len();
    for _ in 0..500 {
        pair.answer_poll(PollAnswer::NotModified);
        pair.hint(Hint::Foreground);
        pair.advance(10);
    }
    let polls = pair.polls.len() - before;
    assert!((9..=10).contains(&polls), "{polls} polls in 5 s");
}

#[test]
fn a_polling_session_polls_at_once_when_the_page_becomes_visible() {
    let mut pair = Pair::new();
    pair.fail(3);
    pair.answer_poll(PollAnswer::NotModified);
    pair.advance(600);
    pair.hint(Hint::Visible);
    assert_eq!(pair.polls.len(), 2);
    assert_eq!(pair.polls[1].0, pair.now());
}

#[test]
fn a_changed_network_dials_anew_what_was_dialled_over_the_old_one() {
    for hint in [Hint::Online, Hint::NetworkChanged] {
        let mut pair = Pair::new();
        let old = pair.conn();
        pair.advance(1_999);
        pair.hint(hint);
        assert_eq!(pair.dials.len(), 1, "an attempt so young is over the new network");
        pair.advance(1);
        pair.hint(hint);
        assert_eq!(
            (pair.drops.as_slice(), pair.dials.len()),
            ([(2_000, old)].as_slice(), 2)
        );
        pair.closed(old, 4401);
        assert_eq!(
            pair.end(),
            None,
            "what becomes of the old attempt does not matter"
        );
        pair.lose(1006);
        assert!(pair.until_dial() <= 500, "it cost no round of backoff");
    }
}

#[test]
fn a_visible_page_leaves_an_attempt_under_way_alone() {
    for hint in [Hint::Visible, Hint::Foreground] {
        let mut pair = Pair::new();
        pair.advance(9_000);
        pair.hint(hint);
        assert_eq!(
            (pair.drops.len(), pair.dials.len(), pair.wake()),
            (0, 1, Some(10_000))
        );
    }
}

#[test]
fn a_hint_leaves_a_request_for_a_signature_and_a_last_poll_alone() {
    for hint in ALL {
        let mut pair = Pair::with(CAN_REFRESH, 1).made_live();
        pair.lose(4410);
        pair.advance(500);
        pair.hint(hint);
        assert_eq!((pair.refreshes.len(), pair.dials.len()), (1, 1));
        let mut ending = Pair::live();
        ending.lose(1000);
        ending.hint(hint);
        assert_eq!(
            (ending.polls.len(), ending.dials.len(), ending.wake()),
            (1, 1, Some(10_000))
        );
        let mut ended = Pair::live();
        ended.close();
        ended.hint(hint);
        assert_eq!((ended.end(), ended.wake()), (Some(CloseReason::User), None));
    }
}

#[test]
fn a_phone_that_slept_through_the_final_status_sees_it_on_wake() {
    let mut pair = Pair::live();
    let old = pair.conn();
    pair.sleep(3 * 3_600_000);
    pair.hint(Hint::Foreground);
    pair.advance(10_000);
    assert_eq!(
        pair.drops.last().map(|drop| drop.1),
        Some(old),
        "the link did not survive the night"
    );
    assert!(pair.until_dial() <= 500);
    pair.open();
    pair.frame(Frame::Snapshot(Seen::version(4).and_final()));
    assert_eq!((pair.shown(), pair.end()), (vec![1, 4], Some(CloseReason::Final)));
}

#[test]
fn a_link_that_survived_the_sleep_is_kept() {
    let mut pair = Pair::live();
    pair.sleep(3_600_000);
    pair.timeout();
    assert_eq!(
        (pair.pings.len(), pair.drops.len()),
        (1, 0),
        "asked before it is given up"
    );
    pair.frame(Frame::Pong);
    pair.advance(15_000);
    assert_eq!((pair.drops.len(), pair.dials.len()), (0, 1));
}
