//! What is true of a transfer whatever the platform: no file here may know of `worker`, and `cargo xtask arrows` sees to it.

pub(crate) mod alarm;
pub(crate) mod attachment;
pub(crate) mod backlog;
pub(crate) mod ledger;
pub(crate) mod outbox;
pub(crate) mod pulse;
pub(crate) mod reconcile;
pub(crate) mod record;
pub(crate) mod removal;
pub(crate) mod standing;
pub(crate) mod stored;
pub(crate) mod timeline;
pub(crate) mod unconfirmed;
pub(crate) mod view;
pub(crate) mod word;
