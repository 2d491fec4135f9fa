//! A batch by hand and by chance.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    Batch, Change, LOST_AFTER_MS, MOST_AT_ONCE, MOST_BYTES, MOST_BYTES_AT_ONCE, Next, PAUSE_MS, Role, Sender,
};
use crate::domain::outbox::Mark;

type Queue = Batch<(), u32>;

fn change(id: &str, version: u64, waiting: &[u32]) -> Change<(), u32> {
    Change {
        id: id.into(),
        mark: Mark {
            updated_at: 0,
            version,
        },
        text: format!("{id} {version};"),
        receipt: (),
        waiting: waiting.to_vec(),
    }
}

/// Adds a change to the only batch of the isolate.
fn add(batch: &mut Queue, change: Change<(), u32>, now: i64) -> Role {
    batch.put(change, MOST_BYTES.saturating_sub(batch.bytes()), now)
}

/// Adds a change where nobody sends.
fn first(batch: &mut Queue, change: Change<(), u32>, now: i64) -> Sender {
    match add(batch, change, now) {
        Role::Sender(sender) => sender,
        role => panic!("{role:?}"),
    }
}

fn sent(text: &str) -> Next {
    Next::Send(text.to_owned())
}

#[test]
fn a_lone_change_leaves_at_once_and_those_that_come_meanwhile_leave_together() {
    let mut batch = Queue::default();
    let me = first(&mut batch, change("a", 1, &[]), 0);
    assert_eq!(batch.next(me, 0), sent("a 1;"));
    assert_eq!(add(&mut batch, change("b", 1, &[]), 5), Role::Joined);
    assert_eq!(add(&mut batch, change("c", 1, &[]), 6), Role::Joined);
    assert_eq!(batch.arrived(me, 7).len(), 1);
    assert_eq!(batch.next(me, 8), Next::Pause(PAUSE_MS - 1));
    assert_eq!(batch.next(me, 7 + PAUSE_MS), sent("b 1;c 1;"));
    assert_eq!(batch.arrived(me, 200).len(), 2);
    assert_eq!(batch.next(me, 200), Next::Done);
    let me = first(&mut batch, change("d", 1, &[]), 1_000);
    assert_eq!(batch.next(me, 1_000), sent("d 1;"), "nobody paused in vain");
}

#[test]
fn of_a_transfer_only_the_newest_travels_and_all_who_wait_hear_of_it() {
    let mut batch = Queue::default();
    let me = first(&mut batch, change("a", 1, &[1]), 0);
    add(&mut batch, change("a", 3, &[3]), 0);
    add(&mut batch, change("a", 2, &[2]), 0);
    assert_eq!(batch.next(me, 0), sent("a 3;"));
    add(&mut batch, change("a", 3, &[4]), 0);
    let arrived = batch.arrived(me, 0);
    assert_eq!((arrived[0].mark.version, arrived.len()), (3, 1));
    assert_eq!(
        arrived[0].waiting,
        [3, 1, 2, 4],
        "also who came while it was on its way"
    );
    assert_eq!(batch.next(me, 0), Next::Done);
}

#[test]
fn what_failed_waits_for_the_next_sender() {
    let mut batch = Queue::default();
    let me = first(&mut batch, change("a", 1, &[1]), 0);
    add(&mut batch, change("b", 1, &[]), 0);
    assert_eq!(batch.next(me, 0), sent("a 1;b 1;"));
    assert_eq!(add(&mut batch, change("b", 2, &[]), 1), Role::Joined);
    assert_eq!(batch.failed(me), (vec!["a".into(), "b".into()], vec![1]));
    let me = first(&mut batch, change("c", 1, &[]), 2);
    assert_eq!(batch.next(me, 2), sent("b 2;a 1;c 1;"));
}

#[test]
fn a_clock_that_was_set_back_holds_nobody_up() {
    const HOUR: i64 = 3_600_000;
    let mut batch = Queue::default();
    let me = first(&mut batch, change("a", 1, &[]), HOUR);
    assert_eq!(batch.next(me, HOUR), sent("a 1;"));
    add(&mut batch, change("b", 1, &[]), HOUR);
    batch.arrived(me, HOUR);
    assert_eq!(batch.next(me, 0), Next::Pause(PAUSE_MS));
    assert_eq!(batch.next(me, PAUSE_MS), sent("b 1;"));

    // Nor does a sender that was lost before.
    let mut batch = Queue::default();
    first(&mut batch, change("a", 1, &[]), HOUR);
    let me = first(&mut batch, change("b", 1, &[]), 0);
    assert_eq!(batch.next(me, 0), sent("a 1;b 1;"));
}

#[test]
fn a_sender_that_is_lost_is_replaced() {
    let mut batch = Queue::default();
    let lost = first(&mut batch, change("a", 1, &[1]), 0);
    assert_eq!(batch.next(lost, 0), sent("a 1;"));
    assert_eq!(
        add(&mut batch, change("b", 1, &[]), LOST_AFTER_MS - 1),
        Role::Joined
    );
    let me = first(&mut batch, change("c", 1, &[]), LOST_AFTER_MS);
    assert_eq!(batch.next(me, LOST_AFTER_MS), sent("b 1;a 1;c 1;"));
    // It was only slow: what is under way now is not what it has brought.
    assert!(batch.arrived(lost, LOST_AFTER_MS).is_empty());
    assert_eq!(batch.failed(lost), (vec![], vec![]));
    assert_eq!(batch.next(lost, LOST_AFTER_MS), Next::Done);
    assert_eq!(batch.arrived(me, LOST_AFTER_MS).len(), 3);
}

#[test]
fn a_call_and_the_batch_are_bounded() {
    let mut batch = Queue::default();
    let large = |id: &str, version| Change {
        text: "x".repeat(1_024),
        ..change(id, version, &[])
    };
    let me = first(&mut batch, large("0", 1), 0);
    for n in 1..MOST_BYTES / 1_024 {
        add(&mut batch, large(&n.to_string(), 1), 0);
    }
    assert_eq!(add(&mut batch, change("one more", 1, &[]), 0), Role::Refused);
    assert_eq!(
        add(&mut batch, large("7", 2), 0),
        Role::Joined,
        "it takes no place"
    );
    batch.next(me, 0);
    assert_eq!(batch.arrived(me, 0).len(), MOST_AT_ONCE);
    assert_eq!(add(&mut batch, change("one more", 1, &[]), 0), Role::Joined);

    let mut batch = Queue::default();
    let large = |id| Change {
        text: "x".repeat(MOST_BYTES_AT_ONCE),
        ..change(id, 1, &[])
    };
    let me = first(&mut batch, large("a"), 0);
    add(&mut batch, large("b"), 0);
    batch.next(me, 0);
    assert_eq!(batch.arrived(me, 0).len(), 1, "the bytes of a call are bounded");
}

proptest! {
    #[test]
    fn all_that_was_put_in_arrives_in_its_newest_version(
        steps in prop::collection::vec((0..6_u8, 1..5_u64, 0..60_i64, 0..3_u8), 1..120),
    ) {
        let mut batch = Queue::default();
        let (mut put, mut arrived) = (BTreeMap::new(), BTreeMap::new());
        let mut note = |changes: Vec<Change<(), u32>>| for change in changes {
            let known = arrived.entry(change.id.to_string()).or_insert(0);
            *known = change.mark.version.max(*known);
        };
        let (mut now, mut sender, mut away) = (0, None, false);
        for (id, version, passes, outcome) in steps {
            now += passes;
            let newest = put.entry(id.to_string()).or_insert(0);
            *newest = version.max(*newest);
            let role = add(&mut batch, change(&id.to_string(), version, &[]), now);
            let me = match (sender, role) {
                (Some(me), Role::Joined) | (None, Role::Sender(me)) => me,
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            };
            sender = Some(me);
            if away {
                match outcome {
                    0 => continue,
                    1 => note(batch.arrived(me, now)),
                    _ => {
                        batch.failed(me);
                        sender = None;
                    }
                }
                away = false;
            } else {
                match batch.next(me, now) {
                    Next::Send(_) => away = true,
                    Next::Pause(pause) => prop_assert!((1..=PAUSE_MS).contains(&pause)),
                    Next::Done => prop_assert!(false),
                }
            }
        }
        if let Some(me) = sender {
            note(batch.arrived(me, now));
        }
        let me = match add(&mut batch, change("last", 1, &[]), now) {
            Role::Sender(me) => Some(me),
            _ => sender,
        };
        put.insert("last".to_owned(), 1);
        let me = me.ok_or_else(|| TestCaseError::fail("nobody sends"))?;
        while let Next::Send(_) = batch.next(me, now + PAUSE_MS) {
            note(batch.arrived(me, now));
        }
        prop_assert_eq!(arrived, put);
        prop_assert_eq!(batch.bytes, 0);
    }
}
