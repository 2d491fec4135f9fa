//! The list, case by case, and against a naive one that is sorted anew each time.

use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::*;
use transfer_status_protocol::{Status, Timestamp, Transfer, TransferId};

use super::{Filter, Index, Place, Put};

fn transfer(id: &str, version: u64, at: i64, status: Status) -> Transfer {
    let mut transfer = Transfer::new(
        TransferId::new(id).unwrap(),
        status,
        Timestamp::from_unix_millis(at),
    );
    transfer.version = Some(version);
    transfer.merchant_id = Some(format!("merchant-{}", id.len() % 2));
    transfer
}

fn put(index: &mut Index, id: &str, version: u64, at: i64, status: Status) -> Put {
    let transfer = transfer(id, version, at, status);
    index.put(&transfer, transfer.encode())
}

fn ids(index: &Index, filter: &Filter, before: Option<&Place>, limit: usize) -> Vec<String> {
    let listed = index.list(filter, before, limit);
    listed.map(|(place, _)| place.id.to_string()).collect()
}

fn all(index: &Index) -> Vec<String> {
    ids(index, &Filter::default(), None, usize::MAX)
}

#[test]
fn a_change_takes_its_transfer_to_the_top_and_is_written_at_first_and_at_last() {
    let mut index = Index::default();
    let written = Put::Listed { write: true };
    assert_eq!(put(&mut index, "a", 1, 10, Status::Pending), written);
    assert_eq!(put(&mut index, "b", 1, 20, Status::Pending), written);
    assert_eq!(all(&index), ["b", "a"]);
    let unwritten = Put::Listed { write: false };
    assert_eq!(put(&mut index, "a", 2, 30, Status::Processing), unwritten);
    assert_eq!(all(&index), ["a", "b"]);
    assert_eq!(put(&mut index, "a", 3, 40, Status::Completed), written);
}

#[test]
fn what_comes_twice_or_late_changes_nothing() {
    let mut index = Index::default();
    put(&mut index, "a", 2, 20, Status::Processing);
    assert_eq!(put(&mut index, "a", 2, 20, Status::Processing), Put::Known);
    assert_eq!(put(&mut index, "a", 1, 10, Status::Pending), Put::Known);
    assert_eq!(index.by_status(), BTreeMap::from([("processing", 1)]));
}

#[test]
fn the_oldest_gives_its_row_to_the_newest() {
    let mut index = Index::bounded(2, usize::MAX);
    put(&mut index, "a", 1, 10, Status::Pending);
    put(&mut index, "b", 1, 20, Status::Pending);
    let slot = index.get("a").unwrap().slot;
    put(&mut index, "c", 1, 30, Status::Pending);
    assert_eq!(all(&index), ["c", "b"]);
    assert_eq!(index.get("c").unwrap().slot, slot);
    assert_eq!(
        put(&mut index, "a", 1, 10, Status::Pending),
        Put::Known,
        "its time is over"
    );
}

#[test]
fn large_transfers_are_fewer() {
    let mut index = Index::bounded(100, 1_000);
    for at in 0..10 {
        let mut large = transfer(&format!("t{at}"), 1, at, Status::Pending);
        large.message = Some("m".repeat(300));
        index.put(&large, large.encode());
    }
    assert_eq!(all(&index), ["t9", "t8"]);
}

#[test]
fn filters_narrow_and_pages_follow_each_other() {
    let mut index = Index::default();
    for (at, id) in ["a", "bb", "c", "dd", "e"].into_iter().enumerate() {
        let status = if at % 2 == 0 {
            Status::Pending
        } else {
            Status::Failed
        };
        put(&mut index, id, 1, i64::try_from(at).unwrap(), status);
    }
    let failed = Filter {
        status: Some("failed".into()),
        ..Filter::default()
    };
    assert_eq!(ids(&index, &failed, None, 10), ["dd", "bb"]);
    let merchant = Filter {
        merchant_id: Some("merchant-1".into()),
        ..Filter::default()
    };
    assert_eq!(ids(&index, &merchant, None, 2), ["e", "c"]);
    let before = Place {
        updated_at: 2,
        id: "c".into(),
    };
    assert_eq!(ids(&index, &merchant, Some(&before), 2), ["a"]);
}

proptest! {
    /// Any series of deliveries, with wakes from the written rows in between, against a sorted list.
    #[test]
    fn the_list_is_what_a_naive_one_would_be(
        steps in prop::collection::vec((0..12_u8, 1..4_u64, 0..50_i64, any::<bool>()), 1..80),
    ) {
        const MOST: usize = 6;
        let mut index = Index::bounded(MOST, usize::MAX);
        let mut rows: BTreeMap<u32, (Transfer, String)> = BTreeMap::new();
        for (id, version, at, wake) in steps {
            let status = if version == 3 { Status::Completed } else { Status::Processing };
            let transfer = transfer(&format!("t{id}"), version, at, status);
            if let Put::Listed { write } = index.put(&transfer, transfer.encode()) {
                let entry = index.get(transfer.id.as_str());
                // One that is older than everything else in a full list was let go at once.
                let Some(entry) = entry else { continue };
                if write {
                    rows.insert(entry.slot, (transfer, entry.doc.clone()));
                }
            }

            let mut slots: Vec<_> = index.entries.values().map(|entry| entry.slot).collect();
            slots.sort_unstable();
            slots.dedup();
            prop_assert_eq!(slots.len(), index.entries.len(), "a row each");
            prop_assert!(index.entries.len() <= MOST);
            prop_assert_eq!(index.order.len(), index.entries.len());
            prop_assert_eq!(index.bytes, index.entries.values().map(|entry| entry.doc.len()).sum::<usize>());
            let mut naive: Vec<_> = index
                .entries
                .iter()
                .map(|(id, entry)| (entry.updated_at, Rc::clone(id)))
                .collect();
            naive.sort_unstable();
            naive.reverse();
            let naive: Vec<_> = naive.into_iter().map(|(_, id)| id.to_string()).collect();
            prop_assert_eq!(all(&index), naive);

            if wake {
                let before = all(&index);
                index = Index::bounded(MOST, usize::MAX);
                for (slot, (transfer, doc)) in &rows {
                    index.restore(*slot, transfer, doc.clone());
                }
                // Each transfer that was listed has a row, be it of an earlier version.
                for id in before {
                    prop_assert!(index.get(&id).is_some() || index.entries.len() == MOST, "{} is lost", id);
                }
            }
        }
    }
}
