//! The rules of one transfer, as PROTOCOL.md has them: `pending → processing → completed | failed | cancelled`.

use transfer_status::{Patch, Status, Timestamp, Transfer, Update};

/// Why an update was not taken. The real service answers 409 with the same transfer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Conflict {
    /// The transfer as it stays.
    pub current: Box<Transfer>,
    /// The rule that the update breaks.
    pub reason: &'static str,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.reason)
    }
}

impl std::error::Error for Conflict {}

const FINAL: &str = "the transfer is final and does not change any more; drop this update";
const BACKWARDS: &str = "the transfer's status cannot go back; drop this update if it arrived late";
const VERSION: &str =
    "the transfer is not at the version in ifVersion; look at it as it is now, and decide anew";

/// The transfer after `update`: the same one where it says what is known already.
pub(crate) fn apply(current: &Transfer, update: Update, now: Timestamp) -> Result<Transfer, Conflict> {
    let conflict = |reason| {
        Err(Conflict {
            current: Box::new(current.clone()),
            reason,
        })
    };
    let version = current.version.unwrap_or_default();
    let moved = current.status != update.status;
    // The first update may bring any status.
    if version > 0 && moved {
        let may_follow = current.status == Status::Pending
            || current.status == Status::Processing && update.status.is_final();
        if current.status.is_final() {
            return conflict(FINAL);
        }
        if !may_follow {
            return conflict(BACKWARDS);
        }
    }
    let built_on_another = update.if_version.is_some_and(|built_on| built_on != version);
    let mut next = current.clone();
    next.status = update.status;
    set(&mut next.message, update.message);
    set(&mut next.amount, update.amount);
    set(&mut next.merchant_id, update.merchant_id);
    set(&mut next.customer_id, update.customer_id);
    set(&mut next.metadata, update.metadata);
    if version > 0 && next == *current {
        return Ok(next);
    }
    if version > 0 && current.status.is_final() {
        return conflict(FINAL);
    }
    if built_on_another {
        return conflict(VERSION);
    }
    next.updated_at = now.max(current.updated_at);
    next.version = Some(version + 1);
    Ok(next)
}

fn set<T>(field: &mut Option<T>, patch: Patch<T>) {
    match patch {
        Patch::Keep => {}
        Patch::Remove => *field = None,
        Patch::Set(value) => *field = Some(value),
    }
}
