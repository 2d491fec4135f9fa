//! The rules of one transfer: an update in, what becomes of the transfer out. Pure.
//!
//! `pending → processing → completed | failed | cancelled`, `pending` straight to a final status,
//! and nothing after that (PROTOCOL.md, section 2).

use std::borrow::Cow;

use transfer_status_protocol::{Patch, Status, Timestamp, Transfer, Update};

use crate::domain::record::Record;
use crate::domain::word;

/// What an update does to a transfer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome<'a> {
    /// The transfer changed: store this, then tell the watchers.
    Applied(Record),
    /// It says what is known already: answer like the first time, tell nobody.
    Unchanged(&'a Record),
    /// It may not follow what is stored.
    Conflict {
        /// The transfer as it stays; announced, at version 0, when nobody has reported it.
        current: Cow<'a, Transfer>,
        /// The rule that it breaks.
        reason: ConflictReason,
    },
}

/// The rule that a refused update breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConflictReason {
    /// A final transfer takes no change at all.
    #[error("the transfer is final and does not change any more; drop this update")]
    Final,
    /// The flow has no such step.
    #[error("the transfer's status cannot go back; drop this update if it arrived late")]
    Backwards,
    /// The update builds on another version than the one that is stored.
    #[error("the transfer is not at the version in ifVersion; look at it as it is now, and decide anew")]
    Version,
}

/// Applies `update` to what is stored, at `now` by the room's clock. A backend of the earlier API brings its own
/// `word` for the status, which is a field like the others.
///
/// The first update of a transfer may bring any status and makes version 1. `updated_at` never goes
/// backwards, whatever the clock does. An update that would change nothing is `Unchanged` whatever its
/// `if_version` says, so that a retry whose first answer was lost is safe.
pub(crate) fn apply<'a>(
    current: Option<&'a Record>,
    update: Update,
    word: Option<&str>,
    now: Timestamp,
) -> Outcome<'a> {
    let Some(record) = current else {
        if update.if_version.is_some_and(|version| version != 0) {
            return Outcome::Conflict {
                current: Cow::Owned(Transfer::announced(update.transfer_id, now)),
                reason: ConflictReason::Version,
            };
        }
        let mut first = Transfer::new(update.transfer_id.clone(), update.status.clone(), now);
        first.version = Some(1);
        patch(&mut first, update);
        return Outcome::Applied(Record::changed(first, None, word.map(ToOwned::to_owned)));
    };
    let current = &record.transfer;
    let conflict = |reason| Outcome::Conflict {
        current: Cow::Borrowed(current),
        reason,
    };

    let moved = current.status != update.status;
    if moved && current.status.is_final() {
        return conflict(ConflictReason::Final);
    }
    if moved && !may_follow(&current.status, &update.status) {
        return conflict(ConflictReason::Backwards);
    }

    let built_on_another = update.if_version.is_some() && update.if_version != current.version;
    let mut next = current.clone();
    next.status = update.status.clone();
    let patched = patch(&mut next, update);
    let word = word::patched(record.word.as_deref().filter(|_| !moved), word);
    // A final transfer keeps the word that it ended with.
    let renamed = !current.status.is_final()
        && word::shown(&next.status, word) != word::shown(&next.status, record.word.as_deref());
    if !moved && !patched && !renamed {
        return Outcome::Unchanged(record);
    }
    if current.status.is_final() {
        return conflict(ConflictReason::Final);
    }
    if built_on_another {
        return conflict(ConflictReason::Version);
    }
    next.updated_at = now.max(current.updated_at);
    next.version = Some(record.version().saturating_add(1));
    let word = word.map(ToOwned::to_owned);
    Outcome::Applied(Record::changed(next, Some(record), word))
}

/// The steps of the flow between two different statuses.
pub(crate) fn may_follow(from: &Status, to: &Status) -> bool {
    match from {
        Status::Pending => matches!(to, Status::Processing) || to.is_final(),
        Status::Processing => to.is_final(),
        // Final ones, and one that this version does not know.
        _ => false,
    }
}

/// Carries the fields over and tells whether one of them changed.
fn patch(transfer: &mut Transfer, update: Update) -> bool {
    let Update {
        message,
        amount,
        merchant_id,
        customer_id,
        metadata,
        ..
    } = update;
    // No short cut: each field has to be carried over.
    set(&mut transfer.message, message)
        | set(&mut transfer.amount, amount)
        | set(&mut transfer.merchant_id, merchant_id)
        | set(&mut transfer.customer_id, customer_id)
        | set(&mut transfer.metadata, metadata)
}

fn set<T: PartialEq>(field: &mut Option<T>, patch: Patch<T>) -> bool {
    let new = match patch {
        Patch::Keep => return false,
        Patch::Remove => None,
        Patch::Set(value) => Some(value),
    };
    let changed = *field != new;
    if changed {
        *field = new;
    }
    changed
}

#[cfg(test)]
mod tests;
