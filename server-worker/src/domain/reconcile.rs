//! A transfer that was reported while the archive could not be asked, and what the archive knows of it: one record. Pure.
//!
//! A first update does not wait for the archive. What it began is unconfirmed until the archive has said what it holds:
//! nothing, mostly. A final status there wins; upon any other the reported changes are put, as if they had come then.

use serde::{Deserialize, Serialize};
use transfer_status_protocol::{Patch, Timestamp, Transfer, Update};

use crate::domain::ledger;
use crate::domain::record::Record;
use crate::domain::timeline::{Entry, Timeline};

/// What has to be known of unconfirmed updates besides what they made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unconfirmed {
    /// The fields that they removed and did not set again.
    #[serde(default)]
    removed: Vec<Field>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Field {
    Message,
    Amount,
    MerchantId,
    CustomerId,
    Metadata,
}

impl Unconfirmed {
    /// The same after one more update.
    #[must_use]
    pub(crate) fn after(mut self, update: &Update) -> Self {
        self.note(Field::Message, &update.message);
        self.note(Field::Amount, &update.amount);
        self.note(Field::MerchantId, &update.merchant_id);
        self.note(Field::CustomerId, &update.customer_id);
        self.note(Field::Metadata, &update.metadata);
        self
    }

    /// As JSON.
    pub(crate) fn encode(&self) -> String {
        // Names of fields: nothing that could fail to be written.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    fn note<T>(&mut self, field: Field, patch: &Patch<T>) {
        match patch {
            Patch::Keep => {}
            Patch::Remove if self.removed.contains(&field) => {}
            Patch::Remove => self.removed.push(field),
            Patch::Set(_) => self.removed.retain(|removed| *removed != field),
        }
    }

    fn pick<T: Clone>(&self, field: Field, reported: &Option<T>, archived: &Option<T>) -> Option<T> {
        match reported {
            None if !self.removed.contains(&field) => archived.clone(),
            reported => reported.clone(),
        }
    }
}

/// What becomes of `held`, which is unconfirmed, now that the archive has said that it holds `archived`.
///
/// Its version is higher than that of `held`, so that whoever saw that is told.
pub(crate) fn reconcile(held: &Record, archived: &Record, now: Timestamp) -> Record {
    let unconfirmed = held.unconfirmed.clone().unwrap_or_default();
    let (reported, base) = (&held.transfer, &archived.transfer);
    let latest = now.max(reported.updated_at).max(base.updated_at);
    if base.status.is_final() && archived.version() > held.version() {
        return whole(
            base.clone(),
            archived.timeline.entries().cloned().collect(),
            archived,
        );
    }
    let mut transfer = base.clone();
    transfer.updated_at = latest;
    if base.status.is_final() {
        transfer.version = Some(held.version().saturating_add(1));
        let shown = archived.timeline.entries().cloned();
        let timeline = shown.chain([Entry::of(&transfer)]).collect();
        return whole(transfer, timeline, archived);
    }

    // Their versions count on from the archived one.
    transfer.version = Some(archived.version().saturating_add(held.version()));
    let mut word = archived;
    if base.status == reported.status || ledger::may_follow(&base.status, &reported.status) {
        transfer.status = reported.status.clone();
        word = if held.word.is_some() || base.status != reported.status {
            held
        } else {
            archived
        };
    }
    transfer.message = unconfirmed.pick(Field::Message, &reported.message, &base.message);
    transfer.amount = unconfirmed.pick(Field::Amount, &reported.amount, &base.amount);
    transfer.merchant_id = unconfirmed.pick(Field::MerchantId, &reported.merchant_id, &base.merchant_id);
    transfer.customer_id = unconfirmed.pick(Field::CustomerId, &reported.customer_id, &base.customer_id);
    transfer.metadata = unconfirmed.pick(Field::Metadata, &reported.metadata, &base.metadata);
    let mut timeline: Vec<_> = archived.timeline.entries().cloned().collect();
    timeline.extend(held.timeline.entries().map(|entry| Entry {
        version: archived.version().saturating_add(entry.version),
        ..entry.clone()
    }));
    whole(transfer, timeline, word)
}

/// A record that replaces all that a room has stored.
fn whole(transfer: Transfer, mut timeline: Vec<Entry>, word: &Record) -> Record {
    let newest = timeline.pop();
    Record {
        doc: transfer.encode(),
        transfer,
        timeline: Timeline::of(timeline, newest.into_iter().collect()),
        word: word.word.clone(),
        unconfirmed: None,
    }
}

#[cfg(test)]
mod tests;
