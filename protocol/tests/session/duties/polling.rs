//! Polling over HTTP while sockets are refused.

use crate::pair::{FAILED, Pair, RATE_LIMITED, told_to_pause};
use crate::seen::Seen;
use transfer_status_protocol::session::{CloseReason, Config, Connection, Frame, Hint, PollAnswer};

/// Three refused attempts: the first poll is out.
fn polling(seed: u64) -> Pair {
    let mut pair = Pair::with(Config::DEFAULT, seed);
    pair.fail(3);
    pair
}

/// Lets time pass until the next poll, every dial meanwhile refused; returns how long that took.
fn until_poll(pair: &mut Pair) -> u64 {
    let (from, polls) = (pair.now(), pair.polls.len());
    while pair.polls.len() == polls {
        if pair.has_socket() {
            pair.lose(1006);
        }
        pair.until(|pair| pair.has_socket() || pair.polls.len() > polls);
    }
    pair.now() - from
}

#[test]
fn polling_starts_with_the_third_failed_attempt_in_a_row() {
    let mut pair = Pair::new();
    pair.fail(2);
    assert_eq!(pair.polls, []);
    pair.until_dial();
    pair.lose(1006);
    assert_eq!(pair.polls.len(), 1);
    assert_eq!(pair.polls[0].0, pair.now());
}

#[test]
fn attempts_with_a_snapshot_that_held_between_them_are_not_in_a_row() {
    let mut pair = Pair::new();
    for _ in 0..20 {
        pair.fail(2);
        pair.until_dial();
        pair.open();
        pair.snapshot(1);
        pair.advance(5_000);
        pair.lose(1006);
        pair.until_dial();
    }
    assert_eq!(pair.polls, []);
}

#[test]
fn an_attempt_that_times_out_or_is_accepted_and_refused_is_a_failed_one() {
    let mut pair = Pair::new();
    pair.advance(10_000);
    pair.until_dial();
    pair.open();
    pair.advance(10_000);
    pair.until_dial();
    pair.open();
    pair.frame(Frame::Notice("unavailable"));
    assert_eq!(pair.polls, []);
    pair.lose(1013);
    assert_eq!(pair.polls.len(), 1);
}

#[test]
fn the_next_poll_comes_three_seconds_after_an_answer_give_or_take_a_fifth() {
    let mut gaps = Vec::new();
    for seed in 0..100 {
        let mut pair = polling(seed);
        for answer in [PollAnswer::Snapshot(Seen::version(1)), PollAnswer::NotModified] {
            pair.answer_poll(answer);
            gaps.push(until_poll(&mut pair));
        }
    }
    assert!(gaps.iter().all(|gap| (2_400..=3_600).contains(gap)), "{gaps:?}");
    assert!(
        gaps.iter().any(|gap| *gap < 2_450) && gaps.iter().any(|gap| *gap > 3_550),
        "jittered"
    );
}

#[test]
fn a_poll_names_the_version_that_the_user_has_seen() {
    let mut pair = polling(1);
    assert_eq!(pair.polls[0].1.1, None);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(4)));
    until_poll(&mut pair);
    assert_eq!(pair.polls[1].1.1, Some(4));
    pair.answer_poll(PollAnswer::NotModified);
    until_poll(&mut pair);
    assert_eq!(pair.polls[2].1.1, Some(4));
    assert_eq!(pair.shown(), [4]);
}

#[test]
fn the_socket_is_tried_all_the_while_with_its_own_backoff() {
    let mut pair = polling(1);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    until_poll(&mut pair);
    for _ in 0..100 {
        pair.answer_poll(PollAnswer::NotModified);
        until_poll(&mut pair);
    }
    assert!(
        pair.dials.len() >= 3 + 300_000 / 33_000,
        "{} dials in 5 minutes",
        pair.dials.len()
    );
}

#[test]
fn polling_stops_when_a_snapshot_came_over_the_socket_and_not_before() {
    let mut pair = polling(1);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    pair.until_dial();
    pair.open();
    let before = pair.polls.len();
    pair.advance(3_600);
    assert_eq!(pair.polls.len(), before + 1, "an open socket is not news yet");
    let &(_, (asked, _)) = pair.polls.last().expect("a poll is out");
    pair.snapshot(1);
    pair.answer_poll_of(asked, PollAnswer::Snapshot(Seen::version(9)));
    pair.advance(19_000);
    assert_eq!(pair.polls.len(), before + 1);
    assert_eq!(pair.shown(), [1], "a late answer is ignored");
}

#[test]
fn the_user_is_told_that_news_comes_by_polls_while_they_are_answered() {
    let mut pair = polling(1);
    assert_eq!(pair.told(), [Connection::Connecting]);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    until_poll(&mut pair);
    pair.answer_poll(FAILED);
    assert_eq!(
        pair.told(),
        [
            Connection::Connecting,
            Connection::Polling,
            Connection::Reconnecting
        ],
        "once a status was shown, it is never \"connecting\" again"
    );
}

#[test]
fn a_poll_gets_ten_seconds_and_its_late_answer_is_ignored() {
    let mut pair = polling(1);
    let &(at, (first, _)) = pair.polls.last().expect("a poll is out");
    until_poll(&mut pair);
    let gap = pair.now() - at;
    assert!((10_000..=16_000).contains(&gap), "{gap}");
    pair.answer_poll_of(first, PollAnswer::Snapshot(Seen::version(1)));
    assert!(pair.shown().is_empty());
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(2)));
    assert_eq!(pair.shown(), [2]);
}

#[test]
fn a_not_modified_for_nothing_that_was_seen_is_a_failure() {
    let mut pair = polling(1);
    pair.answer_poll(PollAnswer::NotModified);
    assert_eq!(pair.told(), [Connection::Connecting]);
}

#[test]
fn polls_that_fail_pause_under_a_ceiling_that_doubles_to_half_a_minute() {
    for (failures, ceiling) in [(1, 6_000), (2, 12_000), (3, 24_000), (4, 30_000), (9, 30_000)] {
        let pauses = Vec::from_iter((0..300).map(|seed| {
            let mut pair = polling(seed);
            for _ in 1..failures {
                pair.answer_poll(FAILED);
                until_poll(&mut pair);
            }
            pair.answer_poll(FAILED);
            until_poll(&mut pair)
        }));
        let (least, most) = (pauses.iter().min(), pauses.iter().max());
        assert!(
            least <= Some(&(ceiling / 20)) && most <= Some(&ceiling) && most > Some(&(ceiling / 20 * 19)),
            "{failures} failures: {least:?} to {most:?}"
        );
    }
}

#[test]
fn an_answer_sets_the_pause_of_polls_back() {
    let mut pair = polling(4);
    for _ in 0..8 {
        pair.answer_poll(FAILED);
        until_poll(&mut pair);
    }
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    assert!(until_poll(&mut pair) <= 3_600);
    pair.answer_poll(FAILED);
    assert!(until_poll(&mut pair) <= 6_000);
}

#[test]
fn a_hint_sets_the_pause_of_polls_back() {
    for seed in 0..50 {
        let mut pair = polling(seed);
        for _ in 0..8 {
            pair.answer_poll(FAILED);
            until_poll(&mut pair);
        }
        let polls = pair.polls.len();
        pair.answer_poll(FAILED);
        pair.advance(500);
        if pair.has_socket() {
            pair.lose(1006);
        }
        if pair.polls.len() > polls {
            continue;
        }
        pair.hint(Hint::Online);
        assert_eq!(pair.polls.len(), polls + 1, "at once");
        pair.answer_poll(FAILED);
        assert!(
            until_poll(&mut pair) <= 6_000,
            "and the next pause is the first again"
        );
    }
}

/// Hints and refused attempts go on for so long; returns how many polls went out.
fn polls_under_hints(pair: &mut Pair, ms: u64) -> usize {
    let (end, polls) = (pair.now() + ms, pair.polls.len());
    while pair.now() < end {
        pair.advance(100);
        pair.hint(Hint::Visible);
        if pair.has_socket() {
            pair.lose(1006);
        }
    }
    pair.polls.len() - polls
}

#[test]
fn a_poll_answered_429_makes_polls_rest_ten_seconds_even_when_hints_come() {
    let mut pair = polling(1);
    pair.answer_poll(RATE_LIMITED);
    assert_eq!(polls_under_hints(&mut pair, 9_900), 0);
    assert!(until_poll(&mut pair) <= 3_700);
}

#[test]
fn retry_after_holds_polls_so_long_and_no_longer_than_five_minutes() {
    for (asked, held) in [(20_000, 20_000), (86_400_000, 300_000)] {
        let mut pair = polling(1);
        pair.answer_poll(PollAnswer::Failed(told_to_pause(503, asked)));
        assert_eq!(polls_under_hints(&mut pair, held - 100), 0);
        assert!(until_poll(&mut pair) <= 3_100);
    }
}

#[test]
fn a_pause_of_polls_does_not_hold_the_socket() {
    let mut pair = polling(1);
    pair.answer_poll(PollAnswer::Failed(told_to_pause(503, 60_000)));
    assert!(pair.until_dial() <= 2_000);
    pair.open();
    pair.snapshot(1);
    assert_eq!(pair.told(), [Connection::Connecting, Connection::Live]);
}

#[test]
fn a_crowd_that_was_told_to_stay_away_comes_back_spread_out() {
    let mut times = Vec::from_iter((0..200).map(|seed| {
        let mut pair = polling(seed);
        pair.answer_poll(PollAnswer::Failed(told_to_pause(503, 60_000)));
        until_poll(&mut pair)
    }));
    times.sort_unstable();
    assert!(times[0] >= 60_000 && times[199] <= 63_000);
    assert!(times[199] - times[0] > 2_700, "{} to {}", times[0], times[199]);
}

#[test]
fn a_crowd_that_gets_no_socket_for_its_size_still_polls_every_three_seconds() {
    let mut pair = Pair::new();
    for _ in 0..400 {
        if pair.has_socket() {
            pair.open();
            pair.lose(4429);
        }
        if !pair.polls.is_empty() {
            pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
        }
        pair.advance(250);
    }
    let gaps = Vec::from_iter(pair.polls.windows(2).map(|two| two[1].0 - two[0].0));
    assert!(
        gaps.len() > 15 && gaps.iter().all(|gap| (2_400..=3_850).contains(gap)),
        "{gaps:?}"
    );
}

#[test]
fn a_final_status_learned_by_a_poll_ends_the_session_and_its_attempt() {
    let mut pair = polling(1);
    pair.until_dial();
    let attempt = pair.conn();
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(2).and_final()));
    assert_eq!(pair.drops.last(), Some(&(pair.now(), attempt)));
    assert_eq!((pair.end(), pair.wake()), (Some(CloseReason::Final), None));
}
