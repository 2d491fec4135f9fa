//! The steps of one room, by hand and by chance, in virtual time.

use proptest::prelude::*;
use transfer_status_protocol::Timestamp;

use super::{Copied, Failed, Failing, Held, Known, Mark, Policy, SETTLE_MS, Step, Written};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 86_400_000;
const NOW: i64 = 1_700_000_000_000;
const POLICY: Policy = Policy {
    retry_ms: 900_000,
    quiet_ms: HOUR,
    grace_ms: DAY,
};

fn mark(version: u64) -> Mark {
    Mark {
        updated_at: NOW,
        version,
    }
}

fn held(version: u64, is_final: bool) -> Held {
    Held {
        mark: mark(version),
        is_final,
        is_confirmed: true,
    }
}

fn known(index: Option<u64>, archive: Copied) -> Known {
    Known {
        index: index.map(mark),
        archive,
    }
}

fn copied(version: u64, written_at: i64, read_at: Option<i64>) -> Copied {
    Copied::Has {
        mark: mark(version),
        written_at,
        read_at,
    }
}

fn next(held: Held, known: &Known, now: i64) -> Step {
    POLICY.next(held, known, Failed::default(), None, now)
}

#[test]
fn the_operator_is_told_since_when_a_delivery_fails_until_it_arrives() {
    let failed = Failed {
        archive: true,
        ..Failed::default()
    };
    let twice = Failing::default()
        .after(Step::Write, failed, NOW)
        .after(Step::Ask, failed, NOW + HOUR);
    let since = Failing {
        archive: Some(Timestamp::from_unix_millis(NOW)),
        list: None,
    };
    assert_eq!(twice, since);
    assert_eq!(twice.after(Step::Rest(NOW), Failed::default(), NOW), since);
    assert_eq!(twice.after(Step::List, failed, NOW), since, "the list took it");
    assert!(twice.after(Step::Write, Failed::default(), NOW).is_none());
}

#[test]
fn a_change_is_owed_to_the_index_at_once_and_to_the_archive_when_it_is_the_last() {
    for is_final in [false, true] {
        let unknown = known(None, Copied::Behind);
        assert_eq!(next(held(1, is_final), &unknown, NOW), Step::List);
    }
    let listed = known(Some(1), Copied::Behind);
    assert_eq!(next(held(1, true), &listed, NOW), Step::Write);
    assert_eq!(next(held(1, false), &listed, NOW), Step::Rest(NOW + HOUR));
    assert_eq!(
        next(held(2, false), &listed, NOW),
        Step::List,
        "the next version is owed anew"
    );
}

#[test]
fn a_transfer_that_has_gone_quiet_is_archived_as_it_stands_and_its_room_empties_too() {
    let stuck = held(2, false);
    let listed = known(Some(2), Copied::Behind);
    assert_eq!(next(stuck, &listed, NOW + HOUR), Step::Write);
    let written = known(Some(2), copied(2, NOW + HOUR, None));
    assert_eq!(next(stuck, &written, NOW + HOUR), Step::Rest(NOW + DAY));
    let read = known(Some(2), copied(2, NOW + HOUR, Some(NOW + DAY)));
    assert_eq!(next(stuck, &read, NOW + DAY), Step::Empty);
}

#[test]
fn a_room_that_slept_asks_the_archive_first_which_tells_of_the_index_too() {
    let nothing = Known::default();
    assert_eq!(next(held(3, true), &nothing, NOW + DAY), Step::Ask);
    assert_eq!(
        next(held(3, false), &nothing, NOW + 1),
        Step::List,
        "it is not in the archive yet, so that cannot tell"
    );
    let away = Failed {
        archive: true,
        ..Failed::default()
    };
    assert_eq!(
        POLICY.next(held(3, true), &nothing, away, None, NOW + DAY),
        Step::List
    );
}

#[test]
fn a_room_empties_only_by_a_fresh_look_at_the_archive_five_minutes_after_the_write() {
    let end = held(3, true);
    let late = NOW + 2 * DAY;
    let written = known(Some(3), copied(3, late, None));
    assert_eq!(next(end, &written, late), Step::Rest(late + SETTLE_MS));
    assert_eq!(next(end, &written, late + SETTLE_MS), Step::Ask);
    let early = known(Some(3), copied(3, late, Some(late + SETTLE_MS - 1)));
    assert_eq!(
        next(end, &early, late + SETTLE_MS),
        Step::Ask,
        "that look came too soon"
    );
    let looked = known(Some(3), copied(3, late, Some(late + SETTLE_MS)));
    assert_eq!(next(end, &looked, late + SETTLE_MS), Step::Empty);
    assert_eq!(
        next(end, &looked, late + SETTLE_MS + MINUTE),
        Step::Ask,
        "that look is old"
    );
    let older = known(Some(3), copied(2, NOW, Some(late)));
    assert_eq!(next(end, &older, late), Step::Write);
    let unlisted = known(None, copied(3, late, Some(late + SETTLE_MS)));
    assert_eq!(next(end, &unlisted, late + SETTLE_MS), Step::List);
}

#[test]
fn a_room_with_a_socket_stays() {
    let looked = known(Some(3), copied(3, NOW, Some(NOW + DAY)));
    let with_socket = |due| POLICY.next(held(3, true), &looked, Failed::default(), Some(due), NOW + DAY);
    // It is told when the socket goes, so that it need not look each minute.
    assert_eq!(with_socket(NOW + DAY + HOUR), Step::Wait(NOW + DAY + HOUR));
    assert_eq!(with_socket(i64::MAX), Step::Wait(NOW + 2 * DAY));
    assert_eq!(with_socket(NOW), Step::Wait(NOW + DAY + 1_000));
}

#[test]
fn an_unconfirmed_transfer_is_listed_then_confirmed_and_not_archived_before() {
    let taken = Held {
        is_confirmed: false,
        ..held(1, true)
    };
    assert_eq!(next(taken, &known(None, Copied::Behind), NOW), Step::List);
    let listed = known(Some(1), Copied::Behind);
    assert_eq!(next(taken, &listed, NOW), Step::Confirm);
    let away = Failed {
        archive: true,
        ..Failed::default()
    };
    assert_eq!(
        POLICY.next(taken, &listed, away, None, NOW + 8_000),
        Step::Wait(NOW + 16_000)
    );
}

#[test]
fn attempts_that_fail_come_at_doubling_pauses_up_to_a_quarter_of_an_hour() {
    let mut now = NOW;
    let mut pauses = Vec::new();
    for _ in 0..14 {
        let next = POLICY.retry(NOW, now);
        pauses.push((next - now) / 1_000);
        now = next;
    }
    assert_eq!(pauses, [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
}

#[test]
fn a_room_is_over_once_its_time_and_the_archives_have_passed() {
    let held = |is_final| Held {
        mark: Mark {
            updated_at: NOW,
            version: 2,
        },
        is_final,
        is_confirmed: true,
    };
    let ended = NOW + POLICY.grace_ms.max(SETTLE_MS);
    let quiet = NOW + POLICY.grace_ms.max(POLICY.quiet_ms + SETTLE_MS);
    for (is_final, at) in [(true, ended), (false, quiet)] {
        assert!(!POLICY.is_over(held(is_final), at - 1), "{is_final}");
        assert!(POLICY.is_over(held(is_final), at), "{is_final}");
        let unconfirmed = Held {
            is_confirmed: false,
            ..held(is_final)
        };
        assert!(!POLICY.is_over(unconfirmed, i64::MAX));
    }
}

#[test]
fn a_new_life_is_listed_and_archived_anew_once_the_deleted_one_was_removed() {
    let held = held(1, true);
    let mut known = Known::default();
    known.note_listed(held.mark);
    known.note_written(held.mark, NOW);
    known.note_removed();
    let step = |known: &Known| POLICY.next(held, known, Failed::default(), None, NOW);
    assert_eq!(step(&known), Step::List);
    known.note_listed(held.mark);
    assert_eq!(step(&known), Step::Write);
}

#[test]
fn of_two_states_the_later_one_is_news_also_where_a_record_was_begun_anew() {
    let at = |updated_at, version| Mark { updated_at, version };
    for (new, old) in [
        (at(10, 2), at(10, 1)),
        (at(60, 1), at(40, 5)),
        (at(5, 2), at(10, 1)),
    ] {
        assert!(new.is_news_after(old), "{new:?} {old:?}");
    }
    for (old, new) in [(at(10, 1), at(10, 1)), (at(10, 1), at(10, 2))] {
        assert!(!old.is_news_after(new), "{old:?} {new:?}");
    }
}

/// The archive and the index as they are, whatever the room believes.
#[derive(Debug, Default)]
struct World {
    archived: Option<(Mark, i64, bool)>,
    listed: Option<Mark>,
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Well,
    Fails,
    /// Acknowledged, and gone.
    Lost,
    /// The room forgets all that it knows.
    Evicted,
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Well),
        2 => Just(Fate::Fails),
        1 => Just(Fate::Lost),
        2 => Just(Fate::Evicted),
    ]
}

proptest! {
    /// Whatever fails, is lost or forgotten, and whatever the settings are at each step: a room empties only when the
    /// archive has had its last state for five minutes and the index has it; and when all is well at last, it does.
    #[test]
    fn a_room_empties_only_when_all_is_where_it_belongs(
        is_final in any::<bool>(),
        fates in prop::collection::vec(any_fate(), 0..40),
        grace_ms in prop::sample::select(vec![0, 900_000, DAY]),
        later_grace_ms in prop::sample::select(vec![0, 900_000, DAY]),
    ) {
        let held = held(3, is_final);
        let (mut world, mut known, mut failed, mut now) =
            (World::default(), Known { archive: Copied::Behind, ..Known::default() }, Failed::default(), NOW);
        let mut script = fates.into_iter();
        let mut emptied = false;
        for turn in 0..400 {
            let grace_ms = if turn % 2 == 0 { grace_ms } else { later_grace_ms };
            let policy = Policy { grace_ms, ..POLICY };
            let fate = script.next().unwrap_or(Fate::Well);
            if matches!(fate, Fate::Evicted) {
                known = Known::default();
                failed = Failed::default();
                continue;
            }
            match policy.next(held, &known, failed, None, now) {
                Step::List => match fate {
                    Fate::Well => {
                        world.listed = Some(held.mark);
                        known.note_listed(held.mark);
                    }
                    _ => failed.index = true,
                },
                Step::Write => match fate {
                    Fate::Fails => failed.archive = true,
                    fate => {
                        if matches!(fate, Fate::Well) {
                            world.archived = Some((held.mark, now, known.is_listed(held.mark)));
                        }
                        known.note_written(held.mark, now);
                    }
                },
                Step::Ask => match (fate, world.archived) {
                    (Fate::Fails, _) => failed.archive = true,
                    (_, archived) => {
                        let written = archived.map(|(_, at, is_listed)| Written { at, is_listed });
                        known.note_read(held.mark, written, now);
                    }
                },
                Step::Confirm => prop_assert!(false, "it is confirmed"),
                Step::Empty => {
                    let (mark, written_at, _) = world.archived.unwrap();
                    prop_assert_eq!(mark, held.mark);
                    prop_assert!(now - written_at >= SETTLE_MS);
                    prop_assert_eq!(world.listed, Some(held.mark));
                    emptied = true;
                    break;
                }
                Step::Wait(at) | Step::Rest(at) => {
                    prop_assert!(at > now, "it would turn for ever");
                    now = at;
                    failed = Failed::default();
                }
            }
        }
        prop_assert!(emptied, "the room stays for ever: {:?} {:?}", world, known);
    }
}
