//! What goes to another shard since their number was changed: entries, and what is remembered of deletions, without which
//! that shard would list what it still has.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::super::shard;
use super::Index;
use super::entry::Entry;
use crate::domain::outbox::Mark;

/// The line that tells a shard of a transfer's state, as the list has it: there is no bare line break in JSON.
pub(crate) fn change(listed: &str, watchers: usize) -> String {
    format!("{watchers} {listed}\n")
}

/// The line that tells a shard of a deletion.
pub(crate) fn removal(id: &str, deleted_at: i64) -> String {
    format!("-{deleted_at} {id}\n")
}

/// What was sent of one transfer.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    id: Rc<str>,
    entry: Option<Mark>,
    deleted_at: Option<i64>,
}

/// What is to be written once another shard has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Gone {
    /// Pages that entries were taken off.
    pub(crate) pages: BTreeSet<u32>,
    /// Transfers whose deletion is remembered elsewhere.
    pub(crate) deletions: Vec<Rc<str>>,
}

impl Index {
    /// The transfers that belong to another one of `shards`, by its number, where this is the one with `number`.
    pub(crate) fn misplaced(&self, number: u16, shards: u16) -> BTreeMap<u16, Vec<Rc<str>>> {
        let mut misplaced: BTreeMap<u16, Vec<Rc<str>>> = BTreeMap::new();
        let only_deleted = self.deleted.keys().filter(|id| !self.entries.contains_key(*id));
        for id in self.entries.keys().chain(only_deleted) {
            let place = shard::of(id, shards);
            if place != number {
                misplaced.entry(place).or_default().push(Rc::clone(id));
            }
        }
        misplaced
    }

    /// The lines that tell another shard of these transfers, and what they say.
    pub(crate) fn lines_of(&self, ids: &[Rc<str>]) -> (String, Vec<Sent>) {
        let (mut lines, mut sent) = (String::new(), Vec::new());
        for id in ids {
            let deleted_at = self.deleted.get(id).copied();
            if let Some(deleted_at) = deleted_at {
                lines.push_str(&removal(id, deleted_at));
            }
            let entry = self.get(id);
            if let Some(entry) = entry {
                lines.push_str(&change(&entry.doc, 0));
            }
            sent.push(Sent {
                id: Rc::clone(id),
                entry: entry.map(Entry::mark),
                deleted_at,
            });
        }
        (lines, sent)
    }

    /// Lets go of what another shard has. What has changed meanwhile stays, and goes with the next look.
    pub(crate) fn let_go_of(&mut self, sent: Vec<Sent>) -> Gone {
        let mut gone = Gone::default();
        for Sent {
            id,
            entry,
            deleted_at,
        } in sent
        {
            if entry.is_some() && self.get(&id).map(Entry::mark) == entry {
                gone.pages.extend(self.take_off(&id));
            }
            if deleted_at.is_some() && self.deleted.get(&id).copied() == deleted_at {
                self.deleted.remove(&id);
                gone.deletions.push(id);
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use transfer_status_protocol::{Status, Timestamp, Transfer, TransferId};

    use super::super::super::shard;
    use super::super::{Index, Put};

    const ID: &str = "order-2.a_b~c:d";

    fn state(version: u64, at: i64, status: Status) -> Transfer {
        let at = Timestamp::from_unix_millis(at);
        let mut transfer = Transfer::new(TransferId::new(ID).unwrap(), status, at);
        transfer.version = Some(version);
        transfer
    }

    fn put(index: &mut Index, state: &Transfer) -> Put {
        let put = index.put(state, state.encode());
        if let Put::Listed { write: Some(page) } = put {
            index.page(page);
        }
        put
    }

    #[test]
    fn a_deletion_follows_its_transfer_to_whichever_shard_lists_it_now() {
        let (few, many) = (1, 8);
        let place = shard::of(ID, many);
        assert_ne!(place, 0, "it has another place where there are more");
        let mut first = Index::default();
        put(&mut first, &state(1, 10, Status::Completed));
        // There were more, and nobody had looked, when it was deleted.
        let mut second = Index::default();
        second.delete(ID, 20);
        assert_eq!(second.misplaced(place, many), BTreeMap::new());

        let ids = second.misplaced(place, few).remove(&0).unwrap();
        let (lines, sent) = second.lines_of(&ids);
        assert_eq!(lines, format!("-20 {ID}\n"));
        assert_eq!(first.delete(ID, 20), Some(0));
        let gone = second.let_go_of(sent);
        assert_eq!(gone.deletions, ids);
        assert!(second.is_empty(), "nothing is left of a shard that leaves");
    }

    #[test]
    fn a_new_life_goes_after_the_deletion_of_the_one_before_it_and_what_changes_meanwhile_stays() {
        let mut index = Index::default();
        index.delete(ID, 20);
        let begun_anew = state(1, 30, Status::Pending);
        put(&mut index, &begun_anew);
        let (lines, sent) = index.lines_of(&[ID.into()]);
        assert_eq!(lines, format!("-20 {ID}\n0 {}\n", begun_anew.encode()));

        put(&mut index, &state(2, 40, Status::Processing));
        index.delete(ID, 25);
        let gone = index.let_go_of(sent);
        assert_eq!(gone, super::Gone::default());
        assert_eq!(index.get(ID).map(|entry| entry.version), Some(2));
    }

    #[test]
    fn an_entry_of_a_life_before_does_not_replace_the_new_one_though_its_version_is_higher() {
        let mut index = Index::default();
        put(&mut index, &state(1, 30, Status::Completed));
        let before = state(3, 10, Status::Failed);
        assert_eq!(index.put_unconfirmed(&before, before.encode()), Put::Known);
        assert_eq!(index.get(ID).map(|entry| entry.version), Some(1));
    }

    #[test]
    fn a_new_life_is_written_at_once_where_the_deletion_before_it_is_not_known_yet() {
        let mut index = Index::default();
        put(&mut index, &state(2, 10, Status::Processing));
        assert_eq!(
            put(&mut index, &state(1, 30, Status::Pending)),
            Put::Listed { write: Some(0) },
            "else a shard that has slept takes the new one off with the old one"
        );
    }
}
