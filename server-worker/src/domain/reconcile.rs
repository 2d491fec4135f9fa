//! A transfer that was reported while the archive could not be asked, and what the archive knows of it: one record. Pure.
//!
//! A first update does not wait for the archive. What it began is unconfirmed until the archive has said what it holds:
//! nothing, mostly. A final status there wins; upon any other the reported changes are put, as if they had come then.

use transfer_status_protocol::{Timestamp, Transfer};

use crate::domain::ledger;
use crate::domain::record::Record;
use crate::domain::timeline::{Entry, Timeline};
use crate::domain::unconfirmed::Field;

/// What the archive's answer makes of a transfer that was unconfirmed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Confirmed {
    /// One record of both, which is to be stored and told.
    Merged(Record),
    /// The same, for there was nothing before it. The row forgets that it was unconfirmed with its next change: that costs
    /// no row of its own.
    Alone(Record),
}

/// What becomes of `held`, which is unconfirmed, now that the archive has said what it holds.
pub(crate) fn confirm(held: &Record, archived: Option<&Record>, now: Timestamp) -> Confirmed {
    match archived {
        Some(archived) => Confirmed::Merged(reconcile(held, archived, now)),
        None => Confirmed::Alone(Record {
            unconfirmed: None,
            ..held.clone()
        }),
    }
}

/// What becomes of `held`, which is unconfirmed, now that the archive has said that it holds `archived`.
///
/// Its version is higher than that of `held`, so that whoever saw that is told, unless both say the same.
pub(crate) fn reconcile(held: &Record, archived: &Record, now: Timestamp) -> Record {
    let unconfirmed = held.unconfirmed.clone().unwrap_or_default();
    let (reported, base) = (&held.transfer, &archived.transfer);
    if archived.is_same(held) {
        // What this life has archived itself, before its row has forgotten that it was unconfirmed: nothing came before it.
        return whole(reported.clone(), held.timeline.entries().cloned().collect(), held);
    }
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
