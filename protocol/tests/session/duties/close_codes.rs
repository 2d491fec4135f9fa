//! The close-code table, whatever the state in which the code comes.

use crate::pair::{CAN_REFRESH, Pair, told_to_pause};
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    Cause, CloseReason, Config, Hint, PollAnswer, Refusal, SignatureAnswer,
};

/// A close may come instead of the open socket, before the first frame, and on a live link.
const STATES: [fn() -> Pair; 3] = [Pair::new, opened, Pair::live];

fn opened() -> Pair {
    let mut pair = Pair::new();
    pair.open();
    pair
}

#[test]
fn a_code_that_makes_trying_again_pointless_ends_the_session() {
    for state in STATES {
        for code in [4400, 4401, 4403, 4404, 4413] {
            let mut pair = state();
            pair.lose(code);
            assert_eq!(pair.end(), Some(CloseReason::Server(CloseCode::new(code))));
            assert_eq!((pair.wake(), pair.dials.len(), pair.polls.len()), (None, 1, 0));
        }
    }
}

#[test]
fn the_network_a_deploy_and_overload_are_tried_again_with_backoff() {
    for state in STATES {
        for code in [1001, 1002, 1005, 1006, 1011, 1012, 1013, 3000, 4000, 4408, 4499] {
            let mut pair = state();
            pair.lose(code);
            assert!(pair.until_dial() <= 500, "{code}");
            assert_eq!(pair.end(), None);
        }
    }
}

#[test]
fn too_many_watchers_means_no_sooner_than_ten_seconds_and_still_jittered() {
    for state in STATES {
        let mut pair = state();
        pair.lose(4429);
        let wait = pair.until_dial();
        assert!((10_000..=10_500).contains(&wait), "{wait}");
    }
    let late = Vec::from_iter((0..200).map(|seed| {
        let mut pair = Pair::with(Config::DEFAULT, seed);
        pair.fail(8);
        pair.until_dial();
        pair.lose(4429);
        pair.until_dial()
    }));
    assert!(late.iter().all(|wait| (10_000..=30_000).contains(wait)));
    assert!(late.iter().any(|wait| *wait < 12_000) && late.iter().any(|wait| *wait > 28_000));
}

#[test]
fn no_hint_cuts_the_pause_short_that_the_server_asked_for() {
    for hint in [
        Hint::Online,
        Hint::Offline,
        Hint::Visible,
        Hint::Foreground,
        Hint::NetworkChanged,
    ] {
        let mut pair = Pair::live();
        pair.lose(4429);
        for _ in 0..99 {
            pair.advance(100);
            pair.hint(hint);
        }
        pair.advance(99);
        assert_eq!(pair.dials.len(), 1, "{hint:?} at {}", pair.now());
        assert!(pair.until_dial() <= 501);
    }
}

#[test]
fn a_fresh_signature_does_not_cut_the_pause_short_either() {
    for seed in 0..50 {
        let mut pair = Pair::with(CAN_REFRESH, seed);
        pair.fail(2);
        pair.until_dial();
        pair.lose(4429);
        let asked = pair.now();
        pair.answer_poll(PollAnswer::Refused(Refusal::Expired));
        pair.until_refresh();
        pair.answer_signature(SignatureAnswer::Ready);
        assert!(
            pair.dials[3].0 >= asked + 10_000,
            "seed {seed}: {:?} after {asked}",
            pair.dials
        );
    }
}

#[test]
fn an_expired_signature_ends_the_session_of_a_host_that_cannot_get_another() {
    for state in STATES {
        let mut pair = state();
        pair.lose(4410);
        assert_eq!(
            pair.end(),
            Some(CloseReason::Server(CloseCode::SIGNATURE_EXPIRED))
        );
        assert_eq!((pair.wake(), pair.refreshes.len()), (None, 0));
    }
}

#[test]
fn a_close_1000_with_no_final_status_is_settled_by_a_poll() {
    for state in STATES {
        let mut pair = state();
        pair.lose(1000);
        assert_eq!((pair.polls.len(), pair.end()), (1, None));
        pair.answer_poll(PollAnswer::Snapshot(crate::seen::Seen::version(5).and_final()));
        assert_eq!(
            (pair.shown().last(), pair.end()),
            (Some(&5), Some(CloseReason::Final))
        );
    }
}

#[test]
fn after_a_1000_a_poll_that_is_refused_decides_as_a_close_would() {
    for (refusal, code) in [
        (Refusal::Unauthorized, CloseCode::UNAUTHORIZED),
        (Refusal::Forbidden, CloseCode::FORBIDDEN_ORIGIN),
        (Refusal::Expired, CloseCode::SIGNATURE_EXPIRED),
    ] {
        let mut pair = Pair::live();
        pair.lose(1000);
        pair.answer_poll(PollAnswer::Refused(refusal));
        assert_eq!(pair.end(), Some(CloseReason::Server(code)));
        assert_eq!(pair.wake(), None);
    }
    let mut pair = Pair::with(CAN_REFRESH, 1).made_live();
    pair.lose(1000);
    pair.answer_poll(PollAnswer::Refused(Refusal::Expired));
    pair.until_refresh();
    pair.answer_signature(SignatureAnswer::Ready);
    assert_eq!((pair.dials.len(), pair.end()), (2, None));
}

#[test]
fn a_refused_upgrade_pauses_as_long_as_it_was_told() {
    for seed in 0..30 {
        for (failure, least) in [
            (told_to_pause(503, 12_000), 12_000),
            (told_to_pause(429, 20_000), 20_000),
            (Cause::Http(429).into(), 10_000),
            (told_to_pause(503, 86_400_000), 300_000),
            (told_to_pause(429, 0), 0),
        ] {
            let mut pair = Pair::with(Config::DEFAULT, seed);
            pair.refuse(failure);
            let wait = pair.until_dial();
            assert!((least..=least + 500).contains(&wait), "{failure:?}: {wait}");
        }
    }
}

#[test]
fn a_pause_of_the_socket_does_not_hold_polls() {
    let mut pair = Pair::new();
    pair.fail(2);
    pair.until_dial();
    pair.refuse(told_to_pause(503, 60_000));
    assert_eq!(pair.polls.len(), 1);
    pair.answer_poll(PollAnswer::Snapshot(crate::seen::Seen::version(1)));
    pair.advance(30_000);
    assert!(pair.polls.len() >= 2);
    assert_eq!(pair.dials.len(), 3);
}
