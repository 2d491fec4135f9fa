//! Polling over HTTP while sockets are refused.

use crate::pair::Pair;
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
        for answer in [
            PollAnswer::NotModified,
            PollAnswer::Snapshot(Seen::version(1)),
            PollAnswer::Failed,
        ] {
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
    pair.answer_poll(PollAnswer::NotModified);
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
    pair.answer_poll(PollAnswer::NotModified);
    until_poll(&mut pair);
    pair.answer_poll(PollAnswer::Failed);
    assert_eq!(
        pair.told(),
        [
            Connection::Connecting,
            Connection::Polling,
            Connection::Connecting
        ]
    );
}

#[test]
fn a_poll_gets_ten_seconds_and_its_late_answer_is_ignored() {
    let mut pair = polling(1);
    let &(at, (first, _)) = pair.polls.last().expect("a poll is out");
    until_poll(&mut pair);
    let gap = pair.now() - at;
    assert!((12_400..=13_600).contains(&gap), "{gap}");
    pair.answer_poll_of(first, PollAnswer::Snapshot(Seen::version(1)));
    assert!(pair.shown().is_empty());
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(2)));
    assert_eq!(pair.shown(), [2]);
}

#[test]
fn a_poll_answered_429_makes_polls_rest_ten_seconds_even_when_hints_come() {
    let mut pair = polling(1);
    pair.answer_poll(PollAnswer::RateLimited);
    let (at, polls) = (pair.now(), pair.polls.len());
    while pair.now() < at + 9_900 {
        pair.advance(100);
        pair.hint(Hint::Visible);
        if pair.has_socket() {
            pair.lose(1006);
        }
    }
    assert_eq!(pair.polls.len(), polls);
    assert!(until_poll(&mut pair) <= 3_700);
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
            pair.answer_poll(PollAnswer::NotModified);
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
