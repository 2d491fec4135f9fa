//! Every hint in every state: it makes the session probe, or connect at once.

use crate::pair::{CAN_REFRESH, FAILED, Pair, told_to_pause};
use crate::seen::Seen;
use transfer_status_protocol::session::{
    CloseReason, Config, Connection, Frame, Hint, PollAnswer, SignatureAnswer,
};

const ALL: [Hint; 6] = [
    Hint::Resume,
    Hint::Online,
    Hint::Offline,
    Hint::Visible,
    Hint::Foreground,
    Hint::NetworkChanged,
];
const WAKING: [Hint; 5] = [
    Hint::Resume,
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
        pair.answer_poll(FAILED);
        pair.until_dial();
        pair.lose(1006);
        pair.answer_poll(FAILED);
        pair
    });
    let mut long = pairs.filter(|pair| pair.wake() > Some(pair.now() + 2_000));
    long.next().expect("one of many waits is long")
}

#[test]
fn an_open_socket_that_was_silent_is_probed_and_a_poll_goes_beside_it() {
    for hint in WAKING {
        let mut pair = Pair::live();
        let conn = pair.conn();
        pair.advance(3_000);
        pair.hint(hint);
        assert_eq!(
            (pair.pings.as_slice(), pair.polls.len()),
            ([(3_000, conn)].as_slice(), 1)
        );
        pair.answer_poll(PollAnswer::Snapshot(Seen::version(2)));
        assert_eq!(pair.shown(), [1, 2], "the news is there in one round trip");
        pair.advance(2_499);
        assert_eq!(pair.drops, []);
        pair.advance(1);
        assert_eq!(pair.drops, [(5_500, conn)], "and the dead link is found");
        assert_eq!(pair.polls.len(), 1);
    }
}

#[test]
fn an_open_socket_that_has_just_spoken_is_left_alone() {
    for hint in WAKING {
        let mut pair = Pair::live();
        pair.advance(2_999);
        pair.hint(hint);
        assert_eq!(
            (pair.pings.len(), pair.polls.len(), pair.wake()),
            (0, 0, Some(5_000))
        );
    }
}

#[test]
fn offline_makes_an_open_socket_ping_with_no_poll_beside_it() {
    let mut pair = Pair::live();
    pair.advance(7_000);
    pair.hint(Hint::Offline);
    assert_eq!((pair.pings.len(), pair.polls.len(), pair.drops.len()), (1, 0, 0));
    pair.advance(2_500);
    assert_eq!(pair.drops.len(), 1);
}

#[test]
fn online_after_offline_still_polls() {
    let mut pair = Pair::live();
    pair.advance(7_000);
    pair.hint(Hint::Offline);
    pair.advance(100);
    pair.hint(Hint::Online);
    assert_eq!((pair.pings.len(), pair.polls.len()), (1, 1));
    pair.advance(2_400);
    assert_eq!(pair.drops.len(), 1, "and the ping's deadline is not put off");
}

#[test]
fn a_hint_shortens_the_wait_for_a_pong_that_silence_has_begun() {
    let mut pair = Pair::live();
    pair.advance(21_000);
    pair.hint(Hint::Visible);
    assert_eq!((pair.pings.len(), pair.polls.len()), (1, 1));
    pair.advance(2_500);
    assert_eq!(pair.drops.len(), 1);
}

#[test]
fn hints_in_a_row_send_one_ping_and_one_poll_and_do_not_put_the_deadline_off() {
    let mut pair = Pair::live();
    pair.advance(4_000);
    for _ in 0..24 {
        for hint in ALL {
            pair.hint(hint);
        }
        pair.answer_poll(FAILED);
        pair.advance(100);
    }
    assert_eq!((pair.pings.len(), pair.polls.len(), pair.drops.len()), (1, 1, 0));
    pair.advance(100);
    assert_eq!(pair.drops.len(), 1);
}

#[test]
fn a_poll_beside_a_probe_that_hangs_as_the_link_does_is_asked_anew_after_two_seconds() {
    let mut pair = Pair::live();
    pair.advance(4_000);
    pair.hint(Hint::Visible);
    pair.advance(1_999);
    assert_eq!(pair.polls.len(), 1);
    pair.advance(1);
    assert_eq!((pair.drops.len(), pair.polls.len()), (0, 2));
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(2).and_final()));
    assert_eq!((pair.shown(), pair.now()), (vec![1, 2], 6_000));
}

#[test]
fn a_poll_beside_a_probe_is_asked_anew_once() {
    let mut pair = Pair::live();
    pair.advance(4_000);
    pair.hint(Hint::Visible);
    pair.advance(9_000);
    let polls: Vec<_> = pair.polls.iter().map(|poll| poll.0).collect();
    assert_eq!(polls, [4_000, 6_000]);
}

#[test]
fn a_poll_that_began_after_the_ping_is_asked_anew_when_the_link_is_found_dead() {
    let mut pair = Pair::live();
    pair.advance(7_000);
    pair.hint(Hint::Offline);
    pair.advance(100);
    pair.hint(Hint::Online);
    pair.advance(2_399);
    assert_eq!((pair.drops.len(), pair.polls.len()), (0, 1));
    pair.advance(1);
    assert_eq!((pair.drops.len(), pair.polls.len()), (1, 2));
}

#[test]
fn a_slow_poll_beside_a_link_that_answers_goes_on() {
    let mut pair = Pair::live();
    pair.advance(4_000);
    pair.hint(Hint::Visible);
    pair.frame(Frame::Pong);
    pair.advance(5_000);
    assert_eq!((pair.drops.len(), pair.polls.len()), (0, 1));
}

#[test]
fn a_pong_keeps_the_link_whatever_becomes_of_the_poll() {
    let mut pair = Pair::live();
    pair.advance(4_000);
    pair.hint(Hint::Foreground);
    pair.frame(Frame::Pong);
    pair.answer_poll(FAILED);
    pair.advance(16_000);
    assert_eq!((pair.drops.len(), pair.polls.len()), (0, 1));
    assert_eq!(pair.told(), [Connection::Connecting, Connection::Live]);
    assert_eq!(pair.problems(), [], "the watch was live all the time");
}

#[test]
fn no_poll_goes_beside_a_probe_within_a_pause_of_polls() {
    let mut pair = Pair::live();
    pair.advance(4_000);
    pair.hint(Hint::Foreground);
    pair.frame(Frame::Pong);
    pair.answer_poll(PollAnswer::Failed(told_to_pause(503, 20_000)));
    pair.advance(4_000);
    pair.hint(Hint::Foreground);
    assert_eq!((pair.pings.len(), pair.polls.len()), (2, 1));
    pair.frame(Frame::Pong);
    pair.advance(15_000);
    assert_eq!(pair.polls.len(), 1);
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
        assert_eq!(
            pair.polls.last().map(|poll| poll.0),
            Some(pair.now()),
            "and polls"
        );
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
        pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
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
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    pair.advance(600);
    pair.hint(Hint::Visible);
    assert_eq!(pair.polls.len(), 2);
    assert_eq!(pair.polls[1].0, pair.now());
}

#[test]
fn an_attempt_of_two_seconds_is_dialled_anew_and_counts_as_a_failed_one() {
    for hint in WAKING {
        let mut pair = Pair::new();
        let old = pair.conn();
        pair.advance(1_999);
        pair.hint(hint);
        assert_eq!(pair.dials.len(), 1, "an attempt so young goes on");
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
        pair.advance(2_300);
        pair.hint(hint);
        pair.advance(2_300);
        assert_eq!(pair.polls, []);
        pair.hint(hint);
        assert_eq!(
            (pair.dials.len(), pair.polls.len()),
            (4, 1),
            "three attempts have failed"
        );
    }
}

#[test]
fn hints_that_never_stop_keep_nobody_from_connecting() {
    for (hint, every, handshake) in [
        (Hint::NetworkChanged, 2_500, 4_000),
        (Hint::Online, 2_000, 9_900),
        (Hint::Visible, 700, 6_000),
    ] {
        let mut pair = Pair::new();
        let mut last = 0;
        while pair.told().last() != Some(&Connection::Live) {
            assert!(
                pair.now() < 40_000,
                "{hint:?} every {every} ms: {} dials",
                pair.dials.len()
            );
            let &(dialled, _) = pair.dials.last().expect("it dials");
            let step = (last + every).min((dialled + handshake).max(pair.now()));
            pair.advance(step - pair.now());
            if pair.now() == dialled + handshake && pair.has_socket() {
                pair.open();
                pair.snapshot(1);
            }
            if pair.now() == last + every {
                last = pair.now();
                pair.hint(hint);
            }
        }
    }
}

#[test]
fn hints_that_never_stop_keep_nobody_from_polling() {
    for (every, answer) in [(2_000, 2_500), (2_500, 6_000), (500, 9_900)] {
        let mut pair = Pair::new();
        pair.fail(3);
        let mut last = pair.now();
        while pair.shown().is_empty() {
            assert!(
                pair.now() < 60_000,
                "answers in {answer} ms: {} polls",
                pair.polls.len()
            );
            let &(asked, _) = pair.polls.last().expect("it polls");
            let step = (last + every).min((asked + answer).max(pair.now()));
            pair.advance(step - pair.now());
            if pair.now() == asked + answer {
                pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
            }
            if pair.now() == last + every {
                last = pair.now();
                pair.hint(Hint::NetworkChanged);
            }
        }
    }
}

#[test]
fn a_poll_of_two_seconds_is_asked_anew_and_a_young_one_goes_on() {
    let mut pair = Pair::new();
    pair.fail(3);
    let (_, (old, _)) = pair.polls[0];
    pair.advance(1_999);
    pair.hint(Hint::Online);
    assert_eq!(pair.polls.len(), 1);
    pair.advance(1);
    pair.hint(Hint::Online);
    assert_eq!(pair.polls.len(), 2);
    pair.answer_poll_of(old, FAILED);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    assert_eq!(pair.shown(), [1]);
}

#[test]
fn a_hint_comes_after_the_timers_that_were_due() {
    for seed in 0..50 {
        let mut pair = Pair::with(Config::DEFAULT, seed);
        pair.fail(8);
        pair.until_dial();
        pair.sleep(3_600_000);
        pair.hint(Hint::Foreground);
        assert!(
            pair.dials.last().map(|dial| dial.0) == Some(pair.now()),
            "seed {seed}: the attempt has timed out, and the hint ends the wait after it"
        );
    }
}

#[test]
fn a_hint_leaves_a_question_for_a_signature_alone_and_ends_the_wait_for_the_next() {
    for hint in WAKING {
        let mut pair = Pair::with(CAN_REFRESH, 1).made_live();
        pair.lose(4410);
        pair.until_refresh();
        pair.advance(2_500);
        pair.hint(hint);
        assert_eq!(
            (pair.refreshes.len(), pair.dials.len(), pair.polls.len()),
            (1, 1, 0)
        );
        for _ in 0..9 {
            pair.answer_signature(SignatureAnswer::Failed);
            pair.advance(500);
            let asked = pair.refreshes.len();
            pair.hint(hint);
            assert!(pair.refreshes.len() == asked + 1 || asked > 1, "at once");
        }
        assert_eq!(pair.polls, [], "a signature that has expired is not presented");
    }
}

#[test]
fn a_hint_hastens_the_look_after_a_1000() {
    let mut pair = Pair::live();
    pair.lose(1000);
    pair.answer_poll(FAILED);
    pair.advance(600);
    let polls = pair.polls.len();
    pair.hint(Hint::Online);
    assert!(pair.polls.len() == polls + 1 || polls == 2);
    assert_eq!(pair.dials.len(), 1);
}

#[test]
fn a_closed_session_hears_no_hint() {
    for hint in ALL {
        let mut ended = Pair::live();
        ended.close();
        ended.hint(hint);
        assert_eq!((ended.end(), ended.wake()), (Some(CloseReason::User), None));
    }
}

#[test]
fn a_phone_that_slept_through_the_final_status_sees_it_on_wake() {
    let mut pair = Pair::live();
    pair.sleep(3 * 3_600_000);
    pair.hint(Hint::Foreground);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(4).and_final()));
    assert_eq!(
        (pair.shown(), pair.end()),
        (vec![1, 4], Some(CloseReason::Final)),
        "in one round trip, though the link did not survive the night"
    );
}

#[test]
fn a_phone_whose_polls_are_blocked_sees_it_within_seconds_all_the_same() {
    let mut pair = Pair::live();
    let old = pair.conn();
    pair.sleep(3 * 3_600_000);
    pair.hint(Hint::Foreground);
    pair.answer_poll(FAILED);
    pair.advance(2_500);
    assert_eq!(pair.drops.last().map(|drop| drop.1), Some(old));
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
