//! What is promised of a transfer: stored, in the archive, in the list.

use super::rules::*;
use super::{Judge, State};

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
        facts.fresh.push(state.clone());
        let was_here = std::mem::replace(&mut facts.is_here, true);
        facts.is_unconfirmed = is_unconfirmed;
        let ended_as = facts.ended_as.clone();
        let Some(before) = before else {
            if state.version != 1 {
                self.violate(NO_GAPS, || format!("transfer {transfer} begins with {state:?}"));
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
        let facts = &mut self.transfers[transfer];
        facts.durable.clone_from(&facts.current);
        facts.known.extend(facts.fresh.drain(..));
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
        let Some(durable) = durable else { return };
        let archive = archive.and_then(State::of_stored);
        let listed = listed.and_then(State::of_transfer);
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
}
