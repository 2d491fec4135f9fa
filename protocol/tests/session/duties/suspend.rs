//! A host that is frozen for a while: nothing happens, and the news is there in one round trip when it is back.

use crate::pair::{CAN_REFRESH, Pair};
use crate::seen::Seen;
use transfer_status_protocol::session::{CloseReason, Connection, Frame, Hint, PollAnswer, SignatureAnswer};

const WAKES: [Hint; 3] = [Hint::Resume, Hint::Foreground, Hint::Visible];

/// What can be seen of a pair: dials, polls, pings, questions, the next wake.
fn doings(pair: &Pair) -> (usize, usize, usize, usize, Option<u64>) {
    let [dials, polls, pings, refreshes] = [
        pair.dials.len(),
        pair.polls.len(),
        pair.pings.len(),
        pair.refreshes.len(),
    ];
    (dials, polls, pings, refreshes, pair.wake())
}

#[test]
fn a_suspended_session_drops_its_socket_and_has_no_timer() {
    let mut pair = Pair::live();
    let conn = pair.conn();
    pair.advance(2_000);
    pair.hint(Hint::Suspend);
    assert_eq!(pair.drops, [(2_000, conn)]);
    assert_eq!(pair.wake(), None);
    assert_eq!(
        pair.told().last(),
        Some(&Connection::Reconnecting),
        "nobody is told \"live\" without a socket"
    );
    let before = doings(&pair);
    for hint in [Hint::Online, Hint::Offline, Hint::NetworkChanged, Hint::Suspend] {
        pair.advance(3_600_000);
        pair.hint(hint);
        pair.timeout();
        pair.closed(conn, 1006);
    }
    assert_eq!((doings(&pair), pair.end()), (before, None));
}

#[test]
fn it_rests_whatever_it_was_at_and_is_woken_to_the_news() {
    let mut polling = Pair::new();
    polling.fail(5);
    let mut confirming = Pair::live();
    confirming.lose(1000);
    let mut opened = Pair::new();
    opened.open();
    for (state, mut pair) in [
        ("live", Pair::live()),
        ("dialling", Pair::new()),
        ("opened", opened),
        ("polling", polling),
        ("confirming", confirming),
    ] {
        for wakes in WAKES {
            pair.hint(Hint::Suspend);
            assert_eq!((pair.wake(), pair.has_socket()), (None, false), "{state}");
            pair.sleep(3_600_000);
            let (dials, polls) = (pair.dials.len(), pair.polls.len());
            pair.hint(wakes);
            assert_eq!(
                (pair.dials.len(), pair.polls.len()),
                (dials + 1, polls + 1),
                "{state}, {wakes:?}: it connects and polls at once"
            );
        }
        pair.answer_poll(PollAnswer::Snapshot(Seen::version(9).and_final()));
        assert_eq!(
            (pair.shown().last(), pair.end()),
            (Some(&9), Some(CloseReason::Final))
        );
    }
}

#[test]
fn back_at_once_it_keeps_to_the_spacing_of_hints() {
    let mut pair = Pair::live();
    for _ in 0..100 {
        pair.hint(Hint::Suspend);
        pair.hint(Hint::Resume);
        pair.advance(10);
    }
    assert!(pair.dials.len() <= 3, "{} dials in a second", pair.dials.len());
    assert!(pair.polls.len() <= 3, "{} polls in a second", pair.polls.len());
    pair.advance(500);
    assert!(pair.has_socket());
}

#[test]
fn a_pause_that_the_server_asked_for_outlasts_the_rest() {
    let mut pair = Pair::live();
    pair.lose(4429);
    pair.hint(Hint::Suspend);
    pair.advance(4_000);
    pair.hint(Hint::Resume);
    assert_eq!((pair.dials.len(), pair.polls.len()), (1, 1));
    pair.advance(5_999);
    assert_eq!(pair.dials.len(), 1);
    pair.advance(1);
    assert_eq!(pair.dials.len(), 2);
}

#[test]
fn a_question_for_a_signature_is_asked_anew() {
    let mut pair = Pair::with(CAN_REFRESH, 1).made_live();
    pair.lose(4410);
    pair.until_refresh();
    let (_, old) = pair.refreshes[0];
    pair.hint(Hint::Suspend);
    assert_eq!(pair.wake(), None);
    pair.answer_signature_of(old, SignatureAnswer::Ready);
    pair.advance(60_000);
    pair.hint(Hint::Foreground);
    assert_eq!(
        (pair.refreshes.len(), pair.dials.len(), pair.polls.len()),
        (2, 1, 0)
    );
    pair.answer_signature(SignatureAnswer::Ready);
    pair.open();
    pair.frame(Frame::Snapshot(Seen::version(2)));
    assert_eq!(pair.shown(), [1, 2]);
}
