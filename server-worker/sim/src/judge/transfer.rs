//! What is promised of a transfer: stored, in the archive, in the list.

use super::rules::*;
use super::{Judge, State};
use crate::plan::Ms;

impl Judge {
    /// A room has written this; `archive_failed`: lately a read of the archive has failed.
    pub(crate) fn written(&mut self, transfer: usize, row: &str, archive_failed: bool) {
        let is_unconfirmed = row.contains(r#""unconfirmed":"#);
        let Some(state) = State::of_stored(row) else {
            return self.violate(NOTHING_LOST, || {
                format!("transfer {transfer}: no transfer was stored: {row}")
            });
        };
        let facts = &mut self.transfers[transfer];
        let before = facts.current.replace(state.clone());
        let was_unconfirmed = facts.is_unconfirmed;
        facts.fresh.push(Some(state.clone()));
        let is_after_all = facts.past.iter().all(|past| past.updated_at < state.updated_at);
        let was_here = std::mem::replace(&mut facts.is_here, true);
        facts.is_unconfirmed = is_unconfirmed;
        let ended_as = facts.ended_as.clone();
        let Some(before) = before else {
            if state.version != 1 {
                self.violate(BEGUN_ANEW, || {
                    format!("transfer {transfer} begins with {state:?}")
                });
            }
            if !is_after_all {
                self.violate(NEWS, || {
                    format!("transfer {transfer} begins anew with {state:?}, and was later than that")
                });
            }
            return;
        };
        if !was_here && is_unconfirmed && state.version == 1 && archive_failed {
            return;
        }
        if was_unconfirmed {
            if !is_unconfirmed
                && let Some(ended_as) = ended_as
                && ended_as != state.status
            {
                self.violate(ARCHIVE_WINS, || {
                    format!("transfer {transfer} was {ended_as} and is {state:?}")
                });
            }
            return;
        }
        if state == before {
            return;
        }
        if before.is_final() {
            return self.violate(FINAL_STAYS, || {
                format!("transfer {transfer}: {before:?} became {state:?}")
            });
        }
        if state.version != before.version + 1 || state.updated_at < before.updated_at {
            self.violate(NO_GAPS, || {
                format!("transfer {transfer}: {before:?} became {state:?}")
            });
        }
    }

    /// What was written in the room is durable.
    pub(crate) fn durable(&mut self, transfer: usize) {
        let now = self.now;
        let facts = &mut self.transfers[transfer];
        facts.durable.clone_from(&facts.current);
        for written in std::mem::take(&mut facts.fresh) {
            match written {
                Some(state) => drop(facts.known.insert(state)),
                None => {
                    let known = std::mem::take(&mut facts.known);
                    facts.past.extend(known);
                    facts.deleted_at = Some(now);
                    // A look may have shown it since the deletion was written.
                    facts.shown_at = None;
                    facts.ended_as = None;
                    facts.acknowledged = 0;
                }
            }
        }
        if !facts.is_unconfirmed
            && let Some(durable) = &facts.durable
            && durable.is_final()
        {
            facts.ended_as.get_or_insert_with(|| durable.status.clone());
        }
    }

    /// The archive has said that it held nothing before the reports that did not wait for it.
    pub(crate) fn confirmed(&mut self, transfer: usize) {
        self.transfers[transfer].is_unconfirmed = false;
    }

    /// The room has lost what was not durable; `row` is what it has.
    pub(crate) fn broken(&mut self, transfer: usize, row: Option<&str>) {
        let facts = &mut self.transfers[transfer];
        facts.current.clone_from(&facts.durable);
        facts.fresh.clear();
        facts.is_here = row.is_some();
        facts.is_unconfirmed = row.is_some_and(|row| row.contains(r#""unconfirmed":"#));
    }

    /// The room has deleted all that it stored; the archive holds `copy`.
    pub(crate) fn emptied(&mut self, transfer: usize, copy: Option<&str>) {
        let facts = &mut self.transfers[transfer];
        let copy = copy.and_then(State::of_stored);
        facts.is_here = false;
        if facts.current.is_some() && copy != facts.current {
            let current = facts.current.clone();
            self.violate(NOTHING_LOST, || {
                format!("room {transfer} deleted {current:?} and the archive holds {copy:?}")
            });
        }
    }

    /// A backend got a 200 with this.
    pub(crate) fn acknowledged(&mut self, transfer: usize, body: &str) {
        let facts = &mut self.transfers[transfer];
        let Some(state) = State::of_transfer(body) else {
            return;
        };
        if facts.past.contains(&state) {
            return;
        }
        if !facts.known.contains(&state) {
            return self.violate(NOTHING_LOST, || {
                format!("transfer {transfer}: {state:?} was acknowledged and was never durable")
            });
        }
        if !facts.is_unconfirmed {
            facts.acknowledged = facts.acknowledged.max(state.version);
        }
    }

    /// An update was refused as long as the archive was away.
    pub(crate) fn update_refused(&mut self, transfer: usize) {
        self.violate(UPDATES_GO_ON, || {
            format!("an update of transfer {transfer} was refused for the archive")
        });
    }

    /// All has been well for long: `archive` is what is there of the transfer, `listed` what the list shows.
    pub(crate) fn ended(&mut self, transfer: usize, archive: Option<&str>, listed: Option<&str>) {
        let facts = &self.transfers[transfer];
        let (durable, acknowledged) = (facts.durable.clone(), facts.acknowledged);
        let ended_as = facts.ended_as.clone();
        let archive = archive.and_then(State::of_stored);
        let listed = listed.and_then(State::of_transfer);
        let Some(durable) = durable else {
            if archive.is_some() || listed.is_some() {
                self.violate(GONE, || {
                    format!("transfer {transfer} was deleted: the archive holds {archive:?}, the list shows {listed:?}")
                });
            }
            return;
        };
        if facts.is_unconfirmed {
            self.violate(RECONCILED, || format!("transfer {transfer} is still unconfirmed"));
        }
        if durable.version < acknowledged {
            self.violate(NOTHING_LOST, || {
                format!("transfer {transfer}: version {acknowledged} was acknowledged, {durable:?} is left")
            });
        }
        if ended_as.is_some_and(|ended_as| ended_as != durable.status) {
            self.violate(FINAL_STAYS, || {
                format!("transfer {transfer} did not stay as it ended: {durable:?}")
            });
        }
        if archive.as_ref() != Some(&durable) {
            self.violate(NOTHING_LOST, || {
                format!("transfer {transfer} is {durable:?}, and the archive holds {archive:?}")
            });
        }
        if listed.as_ref() != Some(&durable) {
            self.violate(NOTHING_LOST, || {
                format!("transfer {transfer} is {durable:?}, and the list shows {listed:?}")
            });
        }
    }

    /// An update that was never answered well though all has been well for long.
    pub(crate) fn unanswered(&mut self, update: usize) {
        self.violate(UPDATES_GO_ON, || format!("update {update} was never taken"));
    }

    /// A room has deleted its transfer.
    pub(crate) fn removed(&mut self, transfer: usize) {
        let facts = &mut self.transfers[transfer];
        facts.current = None;
        facts.fresh.push(None);
        facts.shown_at = None;
        facts.told_gone_at = None;
        facts.is_here = false;
        facts.is_unconfirmed = false;
    }

    /// The admin is told how it went; the list shows `listed`.
    pub(crate) fn deletion_answered(&mut self, transfer: usize, status: u16, listed: Option<&str>) {
        let now = self.now;
        let facts = &mut self.transfers[transfer];
        let listed = listed.and_then(State::of_transfer);
        if status == 204 {
            facts.told_gone_at.get_or_insert(now);
        }
        if status == 204
            && let Some(listed) =
                listed.filter(|listed| facts.past.iter().any(|past| past.is_version_of(listed)))
        {
            return self.violate(GONE, || {
                format!("transfer {transfer} was deleted, and the list shows {listed:?}")
            });
        }
        if status == 404
            && let Some(durable) = facts.durable.clone()
        {
            self.violate(UNKNOWN_404, || {
                format!("transfer {transfer} is {durable:?}, and the admin is told that it is unknown")
            });
        }
    }

    /// A transfer leaves for somebody, over a socket that was `opened` then.
    pub(crate) fn told(&mut self, transfer: usize, text: &str, opened: Option<Ms>) {
        let facts = &self.transfers[transfer];
        // What was written before the deletion, and was durable with it, leaves at that moment.
        let Some(deleted_at) = facts.deleted_at.filter(|at| *at < self.now) else {
            return;
        };
        if State::of_message(text).is_some_and(|state| facts.past.contains(&state)) {
            let text = text.to_owned();
            return self.violate(GONE, || {
                format!("transfer {transfer} was deleted, and somebody is told {text}")
            });
        }
        if opened.is_some_and(|opened| opened < deleted_at) {
            self.violate(CLOSED_4404, || {
                format!("transfer {transfer} was deleted, and a socket from before is told of it")
            });
        }
    }

    /// A room, in this life of its object, begins to write to the archive, and will have an answer then.
    pub(crate) fn archive_write(&mut self, transfer: usize, life: u32, answered_at: Ms) {
        let now = self.now;
        let before = self.transfers[transfer]
            .archive_write
            .replace((life, answered_at));
        if before.is_some_and(|(other, until)| other == life && now < until) {
            self.violate(ONE_WRITE, || {
                format!("room {transfer} writes to the archive while it writes to the archive")
            });
        }
    }
}
