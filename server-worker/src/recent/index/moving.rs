//! What goes to another shard since their number was changed: entries, and what is remembered of deletions, without which
//! that shard would list what it still has.

use std::rc::Rc;

use super::super::shard;
use super::entry::Entry;
use super::{Index, Pages};
use crate::domain::outbox::Mark;

/// The line that tells a shard of a transfer's state, as the list has it: there is no bare line break in JSON.
pub(crate) fn change(listed: &str, watchers: usize) -> String {
    format!("{watchers} {listed}\n")
}

/// The line that tells a shard of a deletion.
pub(crate) fn removal(id: &str, deleted_at: i64) -> String {
    format!("-{deleted_at} {id}\n")
}

/// A line as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// What [`change`] made.
    Change {
        /// How many watch.
        watchers: usize,
        /// The transfer's state as JSON.
        listed: &'a str,
    },
    /// What [`removal`] made.
    Removal {
        /// The transfer's id.
        id: &'a str,
        /// In Unix milliseconds; `None` where it is no number.
        deleted_at: Option<i64>,
    },
}

impl<'a> Line<'a> {
    /// Reads a line. One that is neither is a change to something that is no transfer.
    pub(crate) fn read(line: &'a str) -> Self {
        let (head, rest) = line.split_once(' ').unwrap_or_default();
        match head.strip_prefix('-') {
            Some(deleted_at) => Self::Removal {
                id: rest,
                deleted_at: deleted_at.parse().ok(),
            },
            None => Self::Change {
                watchers: head.parse().unwrap_or(0),
                listed: rest,
            },
        }
    }
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
    pub(crate) pages: Pages,
    /// Transfers whose deletion is remembered elsewhere.
    pub(crate) deletions: Vec<Rc<str>>,
}

impl Index {
    /// The transfers that belong to another one of `shards`, by its number, where this is the one with `number`.
    pub(crate) fn misplaced(&self, number: u16, shards: u16) -> Vec<(u16, Vec<Rc<str>>)> {
        let mut of_shards = vec![Vec::new(); shards.into()];
        let only_deleted = self.deleted.keys().filter(|id| !self.entries.contains_key(*id));
        for id in self.entries.keys().chain(only_deleted) {
            let place = shard::of(id, shards);
            let of_shard = of_shards.get_mut(usize::from(place));
            if let Some(of_shard) = of_shard.filter(|_| place != number) {
                of_shard.push(Rc::clone(id));
            }
        }
        let of_shards = (0..).zip(of_shards);
        of_shards.filter(|(_, ids)| !ids.is_empty()).collect()
    }

    /// The lines that tell another shard of these transfers, and what they say.
    pub(crate) fn lines_of(&self, ids: &[Rc<str>]) -> (String, Vec<Sent>) {
        let (mut lines, mut sent) = (String::new(), Vec::new());
        for id in ids {
            let deleted_at = self.deleted.get(id).copied();
            if let Some(deleted_at) = deleted_at {
                lines.push_str(&removal(id, deleted_at));
            }
            let entry = self.entries.get(id);
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
            if entry.is_some() && self.entries.get(&id).map(Entry::mark) == entry {
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
    use transfer_status_protocol::{Status, Timestamp, Transfer, TransferId};

    use super::super::super::shard;
    use super::super::{Index, Pages, Put};
    use super::{Line, change, removal};

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
    fn a_line_is_read_as_it_was_written() {
        let listed = state(1, 10, Status::Pending).encode();
        for (line, read) in [
            (
                change(&listed, 3),
                Line::Change {
                    watchers: 3,
                    listed: &listed,
                },
            ),
            (
                removal(ID, 20),
                Line::Removal {
                    id: ID,
                    deleted_at: Some(20),
                },
            ),
            (
                format!("-soon {ID}\n"),
                Line::Removal {
                    id: ID,
                    deleted_at: None,
                },
            ),
        ] {
            assert_eq!(line.lines().map(Line::read).collect::<Vec<_>>(), [read]);
        }
        for nothing in ["", "7", "{}"] {
            assert_eq!(
                Line::read(nothing),
                Line::Change {
                    watchers: 0,
                    listed: ""
                }
            );
        }
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
        assert_eq!(second.misplaced(place, many), []);

        let (to, ids) = second.misplaced(place, few).pop().unwrap();
        assert_eq!(to, 0);
        let (lines, sent) = second.lines_of(&ids);
        assert_eq!(lines, format!("-20 {ID}\n"));
        assert_eq!(first.delete(ID, 20), Pages::from_iter([0]));
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

    /// A shard that has slept, with one page, which is as it was when `index` last wrote it.
    fn asleep_since(index: &mut Index) -> Index {
        let row = index.page(0);
        let mut awake = Index::default();
        awake.restore(0, &row);
        awake
    }

    #[test]
    fn a_deletion_that_comes_from_elsewhere_does_not_take_a_life_off_that_the_row_does_not_tell_of() {
        let mut index = Index::default();
        put(&mut index, &state(1, 10, Status::Pending));
        let mut awake = asleep_since(&mut index);
        // It was deleted where there were other shards; what has gone on since is with the room alone.
        assert_eq!(awake.delete_unconfirmed(ID, 20), Pages::default());
        assert!(awake.is_unsure());
        assert_eq!(awake.get(ID), None);
        assert_eq!(awake.list(&Default::default(), None, 1).count(), 0);
        assert_eq!(awake.unconfirmed(10, 50), [ID.into()]);

        let new_life = state(2, 40, Status::Processing);
        let listed = awake.put(&new_life, new_life.encode());
        assert_eq!(
            listed,
            Put::Listed { write: Some(0) },
            "the next sleep must not forget it"
        );
        assert_eq!(awake.get(ID).map(|entry| entry.version), Some(2));
    }

    #[test]
    fn the_row_of_a_life_before_a_deletion_that_was_made_elsewhere_is_a_reason_to_ask_its_room() {
        let mut index = Index::default();
        put(&mut index, &state(1, 10, Status::Pending));
        let mut old = asleep_since(&mut index);
        let (lines, sent) = old.lines_of(&[ID.into()]);
        assert_eq!(lines, format!("0 {}\n", state(1, 10, Status::Pending).encode()));

        let mut new = Index::default();
        new.delete(ID, 20);
        let before = state(1, 10, Status::Pending);
        assert_eq!(
            new.put_unconfirmed(&before, before.encode()),
            Put::Unsure { write: Some(0) }
        );
        assert_eq!(new.get(ID), None);
        assert_eq!(new.unconfirmed(10, 50), [ID.into()]);
        old.let_go_of(sent);
        assert!(old.is_empty());
        // And so it is where it goes on to yet another shard.
        let (lines, _) = new.lines_of(&[ID.into()]);
        assert_eq!(lines, format!("-20 {ID}\n0 {}\n", before.encode()));
    }

    #[test]
    fn what_is_not_shown_takes_no_more_space_than_there_is() {
        let mut index = Index::bounded(1, 1_000);
        put(&mut index, &state(1, 30, Status::Pending));
        let other = "order-3";
        index.delete(other, 20);
        let mut before = state(1, 10, Status::Pending);
        before.id = TransferId::new(other).unwrap();
        assert_eq!(index.put_unconfirmed(&before, before.encode()), Put::Known);
        assert!(index.get(ID).is_some(), "the newest stays");
    }

    #[test]
    fn an_old_row_does_not_bring_a_deleted_transfer_back_and_is_gone_with_the_deletion() {
        let mut index = Index::default();
        put(&mut index, &state(1, 10, Status::Completed));
        let mut awake = asleep_since(&mut index);
        awake.remember_deleted(ID, 20);
        assert_eq!(awake.get(ID), None);
        let days = 3 * 86_400_000;
        assert_eq!(awake.forget_deleted(days).1, Pages::from_iter([0]));
        assert!(awake.is_empty());
    }
}
