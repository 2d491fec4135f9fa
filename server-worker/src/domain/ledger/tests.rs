//! The rules, case by case, and against a second, naive implementation of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use transfer_status_protocol::{Metadata, Patch, Status, Timestamp, Transfer, TransferId, Update};

use super::{ConflictReason, Outcome};
use crate::domain::record::Record;
use crate::domain::word;

const STATUSES: [Status; 5] = [
    Status::Pending,
    Status::Processing,
    Status::Completed,
    Status::Failed,
    Status::Cancelled,
];

fn id() -> TransferId {
    TransferId::new("tr_1").unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

fn update(status: &Status) -> Update {
    Update::new(id(), status.clone())
}

/// An update of this service's own API.
fn apply(current: Option<&Record>, update: Update, now: Timestamp) -> Outcome<'_> {
    super::apply(current, update, None, now)
}

/// A transfer in this status, reported once at time 1,000.
fn stored(status: &Status) -> Record {
    applied(None, update(status).with_message("first"), 1_000)
}

#[track_caller]
fn applied(current: Option<&Record>, update: Update, now: i64) -> Record {
    match apply(current, update, at(now)) {
        Outcome::Applied(record) => record,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_update_may_bring_any_status_and_makes_version_1() {
    for status in &STATUSES {
        let transfer = stored(status);
        assert_eq!(
            (&transfer.transfer.status, transfer.transfer.version),
            (status, Some(1))
        );
        assert_eq!(transfer.transfer.updated_at, at(1_000));
        assert_eq!(transfer.transfer.message.as_deref(), Some("first"));
    }
}

#[test]
fn only_the_steps_of_the_flow_are_taken() {
    for from in &STATUSES {
        for to in &STATUSES {
            let current = stored(from);
            let outcome = apply(Some(&current), update(to), at(2_000));
            let allowed = match (from.as_str(), to.as_str()) {
                ("pending", "processing" | "completed" | "failed" | "cancelled")
                | ("processing", "completed" | "failed" | "cancelled") => true,
                (from, to) if from == to => {
                    assert_eq!(outcome, Outcome::Unchanged(&current), "{from} again");
                    continue;
                }
                _ => false,
            };
            match outcome {
                Outcome::Applied(next) => {
                    assert!(allowed, "{from} -> {to}");
                    assert_eq!((&next.transfer.status, next.transfer.version), (to, Some(2)));
                    assert_eq!(
                        next.transfer.message.as_deref(),
                        Some("first"),
                        "what is not given stays"
                    );
                }
                Outcome::Conflict {
                    current: shown,
                    reason,
                } => {
                    assert!(!allowed, "{from} -> {to}");
                    assert_eq!(*shown, current.transfer);
                    let expected = if from.is_final() {
                        ConflictReason::Final
                    } else {
                        ConflictReason::Backwards
                    };
                    assert_eq!(reason, expected);
                }
                Outcome::Unchanged(_) => panic!("{from} -> {to} is not nothing"),
            }
        }
    }
}

#[test]
fn the_same_status_with_another_field_is_a_change() {
    let current = stored(&Status::Processing);
    let next = applied(
        Some(&current),
        update(&Status::Processing).with_message("second"),
        2_000,
    );
    assert_eq!(
        (next.transfer.message.as_deref(), next.transfer.version),
        (Some("second"), Some(2))
    );
    assert_eq!(next.transfer.updated_at, at(2_000));
}

#[test]
fn a_replayed_update_is_answered_like_the_first_and_changes_nothing() {
    for status in &STATUSES {
        let current = stored(status);
        let replay = update(status).with_message("first");
        assert_eq!(
            apply(Some(&current), replay, at(9_000)),
            Outcome::Unchanged(&current)
        );
    }
}

#[test]
fn a_field_is_kept_removed_or_set_as_the_update_says() {
    let full = update(&Status::Pending)
        .with_message("m")
        .with_amount("12.10".parse().unwrap())
        .with_merchant_id("merchant")
        .with_customer_id("customer")
        .with_metadata(Metadata::from_json(r#"{"order":1}"#).unwrap());
    let current = applied(None, full.clone(), 1_000);

    let kept = applied(Some(&current), update(&Status::Processing), 2_000);
    assert_eq!(
        (
            &kept.transfer.message,
            &kept.transfer.amount,
            &kept.transfer.merchant_id,
            &kept.transfer.customer_id,
            &kept.transfer.metadata
        ),
        (
            &current.transfer.message,
            &current.transfer.amount,
            &current.transfer.merchant_id,
            &current.transfer.customer_id,
            &current.transfer.metadata
        ),
    );

    let mut remove = update(&Status::Pending);
    remove.message = Patch::Remove;
    remove.amount = Patch::Remove;
    remove.merchant_id = Patch::Remove;
    remove.customer_id = Patch::Remove;
    remove.metadata = Patch::Remove;
    let bare = applied(Some(&current), remove.clone(), 2_000);
    assert_eq!(
        (
            &bare.transfer.message,
            &bare.transfer.amount,
            &bare.transfer.merchant_id,
            &bare.transfer.customer_id,
            &bare.transfer.metadata
        ),
        (&None, &None, &None, &None, &None),
    );
    assert_eq!(
        apply(Some(&bare), remove, at(3_000)),
        Outcome::Unchanged(&bare),
        "there is nothing to remove"
    );

    let again = applied(Some(&bare), full, 3_000);
    assert_eq!(
        (again.transfer.amount, again.transfer.metadata),
        (current.transfer.amount, current.transfer.metadata)
    );
    assert_eq!(again.transfer.version, Some(3));
}

#[test]
fn another_spelling_of_the_same_value_is_no_change() {
    let first = update(&Status::Pending)
        .with_amount("12.10".parse().unwrap())
        .with_metadata(Metadata::from_json(r#"{"a":1,"b":2}"#).unwrap());
    let current = applied(None, first, 1_000);
    let same = update(&Status::Pending)
        .with_amount("12.1".parse().unwrap())
        .with_metadata(Metadata::from_json(r#"{ "b": 2, "a": 1 }"#).unwrap());
    assert_eq!(
        apply(Some(&current), same, at(2_000)),
        Outcome::Unchanged(&current)
    );
}

#[test]
fn a_final_transfer_takes_no_other_field_either() {
    for status in STATUSES.iter().filter(|status| status.is_final()) {
        let current = stored(status);
        let late = update(status).with_message("late");
        assert_eq!(
            apply(Some(&current), late, at(2_000)),
            Outcome::Conflict {
                current: Cow::Borrowed(&current.transfer),
                reason: ConflictReason::Final
            },
        );
    }
}

#[test]
fn a_late_retry_that_says_what_it_builds_on_does_not_undo_a_newer_update() {
    let first = applied(None, update(&Status::Processing), 1_000);
    let slow = update(&Status::Processing)
        .with_message("step 1")
        .with_if_version(1);
    let second = applied(Some(&first), slow.clone(), 2_000);
    assert_eq!(second.transfer.version, Some(2));
    assert_eq!(
        apply(Some(&second), slow.clone(), at(3_000)),
        Outcome::Unchanged(&second),
        "a retry at once is answered like the first time"
    );

    let newer = update(&Status::Processing)
        .with_message("step 2")
        .with_if_version(2);
    let third = applied(Some(&second), newer, 4_000);
    assert_eq!(
        apply(Some(&third), slow, at(5_000)),
        Outcome::Conflict {
            current: Cow::Borrowed(&third.transfer),
            reason: ConflictReason::Version
        },
    );
}

#[test]
fn a_step_of_the_flow_is_held_to_its_version_too() {
    let current = stored(&Status::Processing);
    for version in [0, 2, u64::MAX] {
        let next = update(&Status::Completed).with_if_version(version);
        let outcome = apply(Some(&current), next, at(2_000));
        assert!(
            matches!(
                outcome,
                Outcome::Conflict {
                    reason: ConflictReason::Version,
                    ..
                }
            ),
            "{version}: {outcome:?}"
        );
    }
    let next = applied(
        Some(&current),
        update(&Status::Completed).with_if_version(1),
        2_000,
    );
    assert_eq!(
        (next.transfer.status, next.transfer.version),
        (Status::Completed, Some(2))
    );
}

#[test]
fn beside_a_transfer_that_nobody_has_reported_only_version_0_counts() {
    let first = applied(None, update(&Status::Pending).with_if_version(0), 1_000);
    assert_eq!(first.transfer.version, Some(1));
    assert_eq!(
        apply(None, update(&Status::Completed).with_if_version(1), at(1_000)),
        Outcome::Conflict {
            current: Cow::Owned(Transfer::announced(id(), at(1_000))),
            reason: ConflictReason::Version
        },
    );
}

#[test]
fn a_clock_that_was_set_back_does_not_take_updated_at_along() {
    let current = stored(&Status::Pending);
    let next = applied(Some(&current), update(&Status::Processing), 10);
    assert_eq!(next.transfer.updated_at, at(1_000));
}

/// The word after an update by the earlier API, or that nothing changed.
fn worded(current: &Record, status: &Status, word: Option<&str>) -> Option<Record> {
    match super::apply(Some(current), update(status), word, at(2_000)) {
        Outcome::Applied(record) => Some(record),
        Outcome::Unchanged(_) => None,
        other => panic!("{other:?}"),
    }
}

fn flying(word: Option<&str>) -> Record {
    match super::apply(None, update(&Status::Processing), word, at(1_000)) {
        Outcome::Applied(record) => record,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_word_stays_for_as_long_as_the_status_does() {
    let flight = flying(Some("IN_FLIGHT"));
    let message = update(&Status::Processing).with_message("our API changed the message only");
    let kept = applied(Some(&flight), message, 2_000);
    assert_eq!(kept.word.as_deref(), Some("IN_FLIGHT"));
    assert_eq!(worded(&flight, &Status::Completed, None).unwrap().word, None);
    let paid = worded(&flight, &Status::Completed, Some("PAID")).unwrap();
    assert_eq!(paid.word.as_deref(), Some("PAID"));
}

#[test]
fn another_word_for_the_same_status_is_news_until_the_end() {
    for (known, used, is_news) in [
        (None, Some("IN_FLIGHT"), true),
        (Some("IN_FLIGHT"), Some("PROCESSING"), true),
        (Some("IN_FLIGHT"), Some("IN_FLIGHT"), false),
        (None, Some("PROCESSING"), false),
        (Some("IN_FLIGHT"), None, false),
    ] {
        let renamed = worded(&flying(known), &Status::Processing, used);
        assert_eq!(renamed.is_some(), is_news, "{known:?} {used:?}");
        if let Some(renamed) = renamed {
            assert_eq!(renamed.version(), 2);
            assert_eq!(
                word::shown(&Status::Processing, renamed.word.as_deref()),
                used.unwrap()
            );
        }
    }
    let paid = worded(&flying(None), &Status::Completed, Some("PAID")).unwrap();
    assert_eq!(
        worded(&paid, &Status::Completed, Some("SETTLED")),
        None,
        "a final transfer keeps the word that it ended with"
    );
}

/// The rules once more, over plain values.
#[derive(Debug, Default)]
struct Model {
    version: u64,
    status: String,
    fields: BTreeMap<&'static str, String>,
    updated_at: i64,
}

impl Model {
    /// The version after this update, or `None` for a conflict.
    fn take(
        &mut self,
        status: &str,
        patches: &[(&'static str, Option<String>)],
        if_version: Option<u64>,
        now: i64,
    ) -> Option<u64> {
        let rank = |status: &str| match status {
            "" => -1,
            "pending" => 0,
            "processing" => 1,
            _ => 2,
        };
        let mut fields = self.fields.clone();
        for (name, value) in patches {
            match value {
                Some(value) => fields.insert(name, value.clone()),
                None => fields.remove(name),
            };
        }
        let same = status == self.status && fields == self.fields;
        if same {
            return Some(self.version);
        }
        if rank(&self.status) == 2 || rank(status) < rank(&self.status) {
            return None;
        }
        if if_version.is_some_and(|version| version != self.version) {
            return None;
        }
        self.version += 1;
        self.status = status.to_string();
        self.fields = fields;
        self.updated_at = self.updated_at.max(now);
        Some(self.version)
    }
}

fn any_patch() -> impl Strategy<Value = Patch<String>> {
    prop_oneof![
        3 => Just(Patch::Keep),
        1 => Just(Patch::Remove),
        2 => "[ab]".prop_map(Patch::Set),
    ]
}

proptest! {
    #[test]
    fn any_series_of_updates_ends_where_the_model_ends(
        steps in prop::collection::vec(
            (0..5_usize, any_patch(), any_patch(), prop::option::weighted(0.3, 0..4_u64), 0..50_i64), 1..30,
        ),
    ) {
        let mut model = Model::default();
        let mut current: Option<Record> = None;
        for (status, message, customer, if_version, now) in steps {
            let status = &STATUSES[status];
            let mut next = update(status);
            next.message = message.clone();
            next.customer_id = customer.clone();
            next.if_version = if_version;
            let mut patches = Vec::new();
            for (name, patch) in [("message", message), ("customer", customer)] {
                match patch {
                    Patch::Keep => {}
                    Patch::Remove => patches.push((name, None)),
                    Patch::Set(value) => patches.push((name, Some(value))),
                }
            }

            let expected = model.take(status.as_str(), &patches, if_version, now);
            let before = current.clone();
            match apply(before.as_ref(), next, at(now)) {
                Outcome::Applied(record) => {
                    prop_assert_eq!(record.transfer.version, expected);
                    prop_assert_ne!(record.transfer.version, before.and_then(|before| before.transfer.version));
                    current = Some(record);
                }
                Outcome::Unchanged(record) => prop_assert_eq!(record.transfer.version, expected),
                Outcome::Conflict { .. } => prop_assert_eq!(None, expected),
            }

            let Some(Record { transfer: shown, .. }) = &current else {
                prop_assert_eq!(model.version, 0);
                continue;
            };
            prop_assert_eq!(shown.status.as_str(), &model.status);
            prop_assert_eq!(shown.message.as_ref(), model.fields.get("message"));
            prop_assert_eq!(shown.customer_id.as_ref(), model.fields.get("customer"));
            prop_assert_eq!(shown.updated_at, at(model.updated_at));
        }
    }
}
