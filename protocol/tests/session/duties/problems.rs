//! Nothing fails in silence: what keeps the watch from being live is told, told again when it changes, and gone when a
//! status has come.

use crate::pair::{FAILED, Pair, told_to_pause};
use crate::seen::Seen;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{Cause, Config, Frame, Hint, PollAnswer};

#[test]
fn where_nothing_is_wrong_no_problem_is_told() {
    let mut pair = Pair::live();
    for _ in 0..9 {
        pair.advance(20_000);
        pair.frame(Frame::Pong);
    }
    pair.lose(1012);
    pair.until_dial();
    pair.open();
    pair.frame(Frame::Snapshot(Seen::version(2).and_final()));
    assert_eq!(pair.problems(), []);
}

#[test]
fn a_failed_attempt_is_told_at_once_with_the_time_of_the_next() {
    let mut pair = Pair::new();
    pair.advance(80);
    pair.refuse(Cause::Refused.into());
    let told = pair.problems()[0].expect("a problem");
    assert_eq!(
        (told.cause, told.attempts, pair.since_start(told.since)),
        (Cause::Refused, 1, 80)
    );
    let next = told.next_attempt.map(|at| pair.since_start(at));
    assert_eq!(next, pair.wake());
    pair.until_dial();
    pair.advance(20);
    pair.refuse(Cause::Refused.into());
    let again = pair.problems()[1].expect("a problem");
    assert_eq!(
        (again.attempts, again.since),
        (2, told.since),
        "it is the same problem still"
    );
}

#[test]
fn what_each_loss_is_told_as() {
    let refused = |cause: Cause| {
        let mut pair = Pair::new();
        pair.refuse(cause.into());
        pair
    };
    let closed = |code| {
        let mut pair = Pair::new();
        pair.open();
        pair.lose(code);
        pair
    };
    let mut unopened = Pair::new();
    unopened.lose(1006);
    let mut slow = Pair::new();
    slow.advance(10_000);
    let mut mute = Pair::new();
    mute.open();
    mute.advance(10_000);
    let mut dead = Pair::live();
    dead.advance(30_000);
    let mut garbled = Pair::live();
    garbled.frame(Frame::Malformed);
    let mut short = Pair::live();
    short.advance(4_900);
    short.lose(1011);
    let mut full = Pair::live();
    full.advance(6_000);
    full.lose(4429);
    for (pair, cause) in [
        (refused(Cause::Http(404)), Cause::Http(404)),
        (unopened, Cause::Unreachable),
        (closed(1013), Cause::Closed(CloseCode::TRY_AGAIN_LATER)),
        (closed(1006), Cause::Closed(CloseCode::ABNORMAL)),
        (closed(4429), Cause::TooManyWatchers),
        (slow, Cause::Timeout),
        (mute, Cause::Timeout),
        (dead, Cause::Timeout),
        (garbled, Cause::Malformed),
        (short, Cause::Closed(CloseCode::INTERNAL)),
        (full, Cause::TooManyWatchers),
    ] {
        assert_eq!(pair.causes(), [Some(cause)]);
    }
}

#[test]
fn a_problem_is_gone_when_a_status_has_come() {
    let mut pair = Pair::new();
    pair.fail(2);
    pair.until_dial();
    pair.open();
    pair.snapshot(1);
    assert_eq!(pair.causes(), [Some(Cause::Unreachable), None]);
    pair.snapshot(2);
    assert_eq!(pair.problems().len(), 3);
}

#[test]
fn another_cause_begins_another_problem() {
    let mut pair = Pair::new();
    pair.refuse(Cause::Dns.into());
    pair.until_dial();
    pair.refuse(Cause::Dns.into());
    pair.until_dial();
    pair.refuse(told_to_pause(503, 1_000));
    let told = pair.problems()[2].expect("a problem");
    assert_eq!((told.cause, told.attempts), (Cause::Http(503), 1));
    assert_eq!(pair.since_start(told.since), pair.now());
}

#[test]
fn what_polls_meet_is_told_rather_than_what_sockets_do_unless_they_learn_nothing() {
    // The second poll stays out, however long the waits of the sockets are.
    let patient = Config {
        poll_timeout_ms: 3_600_000,
        ..Config::DEFAULT
    };
    let mut pair = Pair::with(patient, 7);
    pair.fail(3);
    pair.answer_poll(PollAnswer::Failed(Cause::NotTheService.into()));
    for _ in 0..4 {
        pair.until_dial();
        pair.lose(1006);
    }
    assert_eq!(
        pair.causes(),
        [Some(Cause::Unreachable), Some(Cause::NotTheService)]
    );
    let mut pair = Pair::new();
    for _ in 0..3 {
        pair.open();
        pair.lose(1013);
        pair.until_dial();
    }
    pair.answer_poll(FAILED);
    assert_eq!(pair.causes(), [Some(Cause::Closed(CloseCode::TRY_AGAIN_LATER))]);
}

#[test]
fn polls_that_bring_news_end_the_problem_until_the_next_attempt_fails() {
    let mut pair = Pair::new();
    pair.fail(3);
    pair.answer_poll(PollAnswer::Snapshot(Seen::version(1)));
    assert_eq!(pair.causes(), [Some(Cause::Unreachable), None]);
    pair.until_dial();
    pair.lose(1006);
    assert_eq!(
        pair.causes(),
        [Some(Cause::Unreachable), None, Some(Cause::Unreachable)],
        "the watch is not live all the same"
    );
    while pair.polls.len() == 1 {
        pair.until(|pair| pair.polls.len() > 1 || pair.has_socket());
        if pair.polls.len() == 1 {
            pair.lose(1006);
        }
    }
    let told = pair.causes().len();
    pair.answer_poll(PollAnswer::NotModified);
    assert_eq!(pair.causes().len(), told, "no news, no change");
}

#[test]
fn an_attempt_that_hints_cut_short_is_told_as_one_that_took_too_long() {
    let mut pair = Pair::new();
    pair.advance(2_000);
    pair.hint(Hint::NetworkChanged);
    let told = pair.problems()[0].expect("a problem");
    assert_eq!(
        (told.cause, told.next_attempt),
        (Cause::Timeout, None),
        "the next is under way"
    );
}

#[test]
fn an_answered_poll_leaves_the_count_of_what_the_sockets_met() {
    let mut pair = Pair::live();
    pair.fail(2);
    pair.until_dial();
    pair.lose(1006);
    pair.answer_poll(PollAnswer::Failed(Cause::Http(503).into()));
    pair.until(|pair| pair.polls.len() > 1);
    pair.answer_poll(PollAnswer::NotModified);
    let told = pair.problems();
    let last = told
        .last()
        .copied()
        .flatten()
        .expect("the sockets' problem stands");
    assert_eq!(last.cause, Cause::Unreachable);
    assert!(
        last.attempts >= 2 && pair.since_start(last.since) <= 1_000,
        "{last:?}"
    );
}

#[test]
fn a_cause_that_both_ways_meet_is_one_problem_with_the_attempts_of_both() {
    let mut pair = Pair::new();
    for _ in 0..3 {
        pair.until(Pair::has_socket);
        pair.refuse(Cause::Refused.into());
    }
    pair.answer_poll(PollAnswer::Failed(Cause::Refused.into()));
    pair.until(Pair::has_socket);
    pair.refuse(Cause::Refused.into());
    let told: Vec<_> = pair.problems().into_iter().flatten().collect();
    let counts: Vec<_> = told.iter().map(|problem| problem.attempts).collect();
    assert_eq!(counts, [1, 2, 3, 4, 5]);
    assert!(
        told.iter().all(|problem| problem.since == told[0].since),
        "since the first of them"
    );
}
