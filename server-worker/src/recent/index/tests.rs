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
    let put = index.put(&transfer, transfer.encode());
    if let Put::Listed { write: Some(page) } = put {
        index.page(page);
    }
    put
}

fn ids(index: &Index, filter: &Filter, before: Option<&Place>, limit: usize) -> Vec<String> {
    let listed = index.list(filter, before, limit);
    listed.map(|(place, _)| place.id.to_string()).collect()
}

fn all(index: &Index) -> Vec<String> {
    ids(index, &Filter::default(), None, usize::MAX)
}

#[test]
fn a_change_takes_its_transfer_to_the_top_and_the_first_one_is_written() {
    let mut index = Index::default();
    let written = Put::Listed { write: Some(0) };
    assert_eq!(put(&mut index, "a", 1, 10, Status::Pending), written);
    assert_eq!(put(&mut index, "b", 1, 20, Status::Pending), written);
    assert_eq!(all(&index), ["b", "a"]);
    let unwritten = Put::Listed { write: None };
    assert_eq!(put(&mut index, "a", 2, 30, Status::Processing), unwritten);
    assert_eq!(all(&index), ["a", "b"]);
    let late = 30 + super::MOST_BEHIND_MS;
    assert_eq!(
        put(&mut index, "a", 3, late, Status::Completed),
        written,
        "it was forgotten for long"
    );
}

#[test]
fn what_comes_twice_or_late_changes_nothing() {
    let mut index = Index::default();
    put(&mut index, "a", 2, 20, Status::Processing);
    assert_eq!(put(&mut index, "a", 2, 20, Status::Processing), Put::Known);
    assert_eq!(put(&mut index, "a", 1, 10, Status::Pending), Put::Known);
    assert_eq!(
        index.by_status(&Filter::default()),
        BTreeMap::from([("processing".to_owned(), 1)])
    );
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

#[test]
fn a_customer_and_a_time_narrow_the_list_and_its_pages() {
    let mut index = Index::default();
    for at in 0..6_i64 {
        let mut transfer = transfer(&format!("t{at}"), 1, at * 10, Status::Pending);
        transfer.customer_id = Some(format!("customer-{}", at % 2));
        index.put(&transfer, transfer.encode());
    }
    let filter = |from: Option<i64>, to: Option<i64>, customer: Option<&str>| Filter {
        from,
        to,
        customer_id: customer.map(str::to_owned),
        ..Filter::default()
    };
    let listed = |filter: &Filter| ids(&index, filter, None, 10);
    assert_eq!(
        listed(&filter(None, None, Some("customer-1"))),
        ["t5", "t3", "t1"]
    );
    assert!(listed(&filter(None, None, Some("customer"))).is_empty());
    assert_eq!(
        listed(&filter(Some(20), Some(40), None)),
        ["t3", "t2"],
        "the end is not in it"
    );
    assert_eq!(listed(&filter(Some(11), None, Some("customer-0"))), ["t4", "t2"]);
    assert!(listed(&filter(Some(99), None, None)).is_empty());
    let counted = index.by_status(&filter(Some(20), Some(50), Some("customer-0")));
    assert_eq!(counted, BTreeMap::from([("pending".to_owned(), 2)]));
    // A page from before the range holds nothing, and is no fault.
    let before = Place {
        updated_at: 10,
        id: "t1".into(),
    };
    assert!(ids(&index, &filter(Some(20), None, None), Some(&before), 10).is_empty());
    assert_eq!(
        ids(&index, &filter(Some(0), Some(40), None), Some(&before), 10),
        ["t0"]
    );
}

#[test]
fn what_has_gone_on_since_its_page_was_written_is_to_be_asked_for() {
    let mut index = Index::default();
    for (n, status) in [Status::Pending, Status::Completed, Status::Processing]
        .into_iter()
        .enumerate()
    {
        put(&mut index, &format!("t{n}"), 1, i64::try_from(n).unwrap(), status);
    }
    let page = index.page(0);
    assert!(
        index.unconfirmed(10, 0).is_empty(),
        "it came from the rooms themselves"
    );

    let mut woken = Index::default();
    woken.restore(0, &page);
    assert_eq!(all(&woken), ["t2", "t1", "t0"]);
    let ids: Vec<_> = woken.unconfirmed(10, 0).iter().map(ToString::to_string).collect();
    assert_eq!(ids, ["t2", "t0"], "a final one cannot have gone on");
    woken.confirm("t0");
    put(&mut woken, "t2", 2, 9, Status::Failed);
    assert!(woken.unconfirmed(10, 0).is_empty());
}

#[test]
fn a_page_that_cannot_be_read_costs_its_entries_and_no_more() {
    for broken in ["", "null", "[1,{}]", r#"[{"id":"a"}]"#] {
        let mut index = Index::default();
        index.restore(0, broken);
        index.restore(2, "[]");
        assert!(all(&index).is_empty(), "{broken}");
        put(&mut index, "a", 1, 1, Status::Pending);
        assert_eq!(all(&index), ["a"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any series of deliveries, with wakes from the written pages in between, against a sorted list.
    #[test]
    fn the_list_is_what_a_naive_one_would_be(
        steps in prop::collection::vec((0..120_u8, 1..4_u64, 0..500_i64, 0..20_u8), 1..200),
        most in 1..100_usize,
    ) {
        let mut index = Index::bounded(most, usize::MAX);
        let mut pages: BTreeMap<u32, String> = BTreeMap::new();
        for (id, version, at, wake) in steps {
            let status = if version == 3 { Status::Completed } else { Status::Processing };
            let transfer = transfer(&format!("t{id}"), version, at, status);
            if let Put::Listed { write: Some(page) } = index.put(&transfer, transfer.encode()) {
                pages.insert(page, index.page(page));
            }

            for (slot, owner) in index.slots.iter().enumerate() {
                let held = owner.as_ref().map(|id| index.get(id).unwrap().slot as usize);
                prop_assert!(held.is_none_or(|held| held == slot));
            }
            let free = index.slots.iter().filter(|owner| owner.is_none()).count();
            prop_assert_eq!(index.slots.len() - free, index.entries.len(), "a slot each");
            prop_assert_eq!(index.free.len(), free);
            prop_assert!(index.entries.len() <= most && index.slots.len() <= most + 51);
            prop_assert_eq!(index.order.len(), index.entries.len());
            prop_assert_eq!(index.bytes, index.entries.values().map(|entry| entry.doc.len()).sum::<usize>());
            let mut naive: Vec<_> = index
                .entries
                .iter()
                .map(|(id, entry)| (entry.updated_at, Rc::clone(id)))
                .collect();
            naive.sort_unstable();
            let naive: Vec<_> = naive.into_iter().rev().map(|(_, id)| id.to_string()).collect();
            prop_assert_eq!(all(&index), naive);

            if wake == 0 {
                let before = all(&index);
                index = Index::bounded(most, usize::MAX);
                for (page, text) in &pages {
                    index.restore(*page, text);
                }
                // Each transfer that was listed is in a page, be it in an earlier version.
                for id in before {
                    prop_assert!(index.get(&id).is_some() || index.entries.len() == most, "{} is lost", id);
                }
            }
        }
    }
}

#[test]
fn a_page_of_each_release_is_read() {
    for text in [
        include_str!("../../../golden/1.0/page.json"),
        include_str!("../../../golden/1.1/page.json"),
    ] {
        let mut index = Index::default();
        index.restore(0, text);
        let docs: Vec<_> = index
            .list(&Default::default(), None, usize::MAX)
            .map(|(_, entry)| entry.doc.clone())
            .collect();
        assert_eq!(docs.len(), 1);
        assert!(docs[0].contains(r#""word":"SETTLED""#), "{}", docs[0]);
        assert_eq!(index.page(0), text);
    }
}

#[test]
fn what_follows_a_final_entry_is_written_at_once() {
    let mut index = Index::default();
    put(&mut index, "a", 1, 10, Status::Failed);
    // The archive was away, and then said that the transfer had ended otherwise.
    assert_eq!(
        put(&mut index, "a", 2, 20, Status::Completed),
        Put::Listed { write: Some(0) },
        "the room of a final entry is not asked again"
    );
    let rows = index.page(0);

    let mut woken = Index::default();
    woken.restore(0, &rows);
    let woken_as = woken.get("a").map(|entry| entry.status.clone());
    assert_eq!(woken_as, Some(Status::Completed));
    assert!(woken.unconfirmed(10, 30).is_empty());
}

#[test]
fn a_transfer_that_was_let_go_for_want_of_space_and_then_deleted_does_not_come_back_with_its_old_row() {
    let bytes = |id: &str| transfer(id, 1, 10, Status::Completed).encode().len();
    let fill = |n: usize| format!("fill-{n:02}");
    // As many as a page has slots; one more, on the next page, is too much.
    let mut index = Index::bounded(1_000, 50 * bytes(&fill(0)));
    let mut rows = BTreeMap::new();
    let mut take = |index: &mut Index, id: &str, at: i64| {
        let transfer = transfer(id, 1, at, Status::Completed);
        if let Put::Listed { write: Some(page) } = index.put(&transfer, transfer.encode()) {
            rows.insert(page, index.page(page));
        }
    };
    take(&mut index, "a", 10);
    for n in 0..50 {
        take(&mut index, &fill(n), 20);
    }
    assert!(index.get("a").is_none(), "the oldest has made place");
    assert!(
        rows[&0].contains(r#""id":"a""#),
        "and its row has not been written since"
    );

    for id in ["a".to_owned(), fill(49)] {
        for page in index.delete(&id, 30) {
            rows.insert(page, index.page(page));
        }
    }
    let mut awake = Index::default();
    for (page, text) in &rows {
        awake.restore(*page, text);
    }
    assert_eq!(awake.get("a"), None);
    assert_eq!(all(&awake).len(), 49);
}
