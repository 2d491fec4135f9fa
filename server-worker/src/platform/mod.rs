//! What hides the platform's corners: bindings, sockets, answers, and promises.

pub(crate) mod bindings;
pub(crate) mod deadline;
pub(crate) mod eager;
pub(crate) mod metrics;
pub(crate) mod pause;
pub(crate) mod place;
pub(crate) mod random;
pub(crate) mod reply;
pub(crate) mod socket;
