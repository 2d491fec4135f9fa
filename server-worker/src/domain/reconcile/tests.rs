//! What becomes of a transfer that was reported while the archive was away.

use serde_json::value::RawValue;
use transfer_status_protocol::{Metadata, Patch, Status, Timestamp, TransferId, Update};

use super::reconcile;
use crate::domain::ledger::{Outcome, apply};
use crate::domain::record::Record;
use crate::domain::unconfirmed::Unconfirmed;

const OUTAGE: i64 = 1_700_000_000_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

fn update(status: Status) -> Update {
    Update::new(TransferId::new("tr_1").unwrap(), status)
}

/// A record made by these updates, one a second from `began` on.
fn record(began: i64, unconfirmed: bool, updates: &[Update]) -> Record {
    let mut current: Option<Record> = None;
    for (seconds, update) in (0..).zip(updates) {
        let before = current.as_ref().and_then(|record| record.unconfirmed.clone());
        let noted = unconfirmed.then(|| before.unwrap_or_default().after(update));
        let now = at(began + 1_000 * seconds);
        let next = match apply(current.as_ref(), update.clone(), None, now) {
            Outcome::Applied(record) => record,
            other => panic!("{other:?}"),
        };
        current = Some(Record {
            unconfirmed: noted,
            ..next
        });
    }
    current.unwrap()
}

fn archived(updates: &[Update]) -> Record {
    record(OUTAGE - 1_000_000, false, updates)
}

fn reported(updates: &[Update]) -> Record {
    record(OUTAGE, true, updates)
}

fn merged(reported: &Record, archived: &Record) -> Record {
    let merged = reconcile(reported, archived, at(OUTAGE + 60_000));
    assert!(
        merged.mark().is_news_after(reported.mark()),
        "who saw the one is told"
    );
    assert_eq!(merged.unconfirmed, None);
    assert_eq!(merged.transfer.encode(), merged.doc);
    let last = merged.timeline.entries().last().unwrap();
    assert_eq!(last.version, merged.version());
    let versions: Vec<_> = merged.timeline.entries().map(|entry| entry.version).collect();
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    merged
}

#[test]
fn a_final_status_in_the_archive_wins_as_it_was() {
    let paid = archived(&[update(Status::Processing), update(Status::Completed)]);
    let late = reported(&[update(Status::Failed).with_message("too late")]);
    assert!(merged(&late, &paid).is_same(&paid));
}

#[test]
fn a_final_status_wins_also_over_a_higher_version_which_it_then_exceeds() {
    let paid = archived(&[update(Status::Completed).with_amount("12.10".parse().unwrap())]);
    let late = reported(&[update(Status::Pending), update(Status::Processing)]);
    let merged = merged(&late, &paid);
    assert_eq!(merged.version(), 3);
    assert_eq!(merged.transfer.status, Status::Completed);
    assert_eq!(merged.transfer.amount, paid.transfer.amount);
    assert!(merged.transfer.updated_at >= late.transfer.updated_at);
}

#[test]
fn what_was_reported_goes_on_from_a_transfer_that_was_not_final() {
    let begun = archived(&[
        update(Status::Pending).with_merchant_id("shop"),
        update(Status::Processing).with_message("sent"),
    ]);
    let mut end = update(Status::Completed);
    end.message = Patch::Remove;
    let late = reported(&[update(Status::Processing).with_customer_id("payer"), end]);
    let merged = merged(&late, &begun);
    assert_eq!(
        (merged.version(), &merged.transfer.status),
        (4, &Status::Completed)
    );
    assert_eq!(merged.transfer.merchant_id.as_deref(), Some("shop"));
    assert_eq!(merged.transfer.customer_id.as_deref(), Some("payer"));
    assert_eq!(merged.transfer.message, None, "it was removed");
    assert_eq!(merged.timeline.entries().count(), 4);
}

#[test]
fn a_status_that_would_go_back_does_not() {
    let begun = archived(&[update(Status::Processing)]);
    let merged = merged(
        &reported(&[update(Status::Pending).with_message("again")]),
        &begun,
    );
    assert_eq!(merged.transfer.status, Status::Processing);
    assert_eq!(merged.transfer.message.as_deref(), Some("again"));
}

#[test]
fn a_field_that_was_removed_and_set_again_counts_as_set() {
    let begun =
        archived(&[update(Status::Pending).with_metadata(Metadata::from_json(r#"{"a":1}"#).unwrap())]);
    let mut remove = update(Status::Pending).with_message("m");
    remove.metadata = Patch::Remove;
    let gone = reported(&[remove.clone()]);
    assert_eq!(merged(&gone, &begun).transfer.metadata, None);
    let set = update(Status::Pending).with_metadata(Metadata::from_json(r#"{"b":2}"#).unwrap());
    let again = reported(&[remove, set]);
    let metadata = merged(&again, &begun).transfer.metadata.unwrap();
    assert_eq!(serde_json::to_string(&metadata).unwrap(), r#"{"b":2}"#);
}

#[test]
fn what_is_unconfirmed_is_remembered_by_name() {
    let mut remove = update(Status::Pending);
    remove.message = Patch::Remove;
    remove.merchant_id = Patch::Remove;
    let noted = Unconfirmed::default().after(&remove);
    assert_eq!(noted.encode(), r#"{"removed":["message","merchantId"]}"#);
    let read = |text: &str| Unconfirmed::decode(Some(&RawValue::from_string(text.to_owned()).unwrap()));
    assert_eq!(read(&noted.encode()), Ok(Some(noted)));
    assert_eq!(read("{}"), Ok(Some(Unconfirmed::default())));
    assert_eq!((read("null"), Unconfirmed::decode(None)), (Ok(None), Ok(None)));
    for other in [r#"{"removed":["colour"]}"#, r#"{"removed":7}"#, "[]"] {
        assert!(read(other).is_err(), "{other}");
    }
}

#[test]
fn what_a_life_has_archived_itself_is_no_other_life_of_the_transfer() {
    for last in [Status::Processing, Status::Failed] {
        let held = reported(&[update(Status::Pending), update(last)]);
        // Confirmed in the room's memory, archived, and the object has ended: its row still says unconfirmed.
        let copy = Record::from_archive(&held.archive(OUTAGE + 30_000, true)).unwrap();
        let again = reconcile(&held, &copy.record, at(OUTAGE + 60_000));
        assert_eq!(again.unconfirmed, None);
        assert!(again.is_same(&held), "{} became {}", held.doc, again.doc);
        assert!(again.timeline.entries().eq(held.timeline.entries()));
    }
}
