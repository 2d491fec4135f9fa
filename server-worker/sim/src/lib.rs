//! Worlds in virtual time: many clients, each the real session, and the server's real rules over a platform that fails.
//!
//! | file | what is in it |
//! |---|---|
//! | `plan` | what happens in a world, all of it drawn from a seed, so that a part of it can be left out |
//! | `world` | the time: carries a plan out, one event after the other |
//! | `room` | a room as the platform runs it, deciding by the server's own rules |
//! | `isolate` | what rooms of one isolate share: the batches |
//! | `shard`, `look` | the shards of the list, and somebody who looks at it |
//! | `kv` | the archive's platform: late, stale, busy, away |
//! | `client` | a host under the real session, and its network |
//! | `judge` | what PROTOCOL.md promises, by what is seen from outside; it knows nothing of how it is kept |
//! | `fault` | the faults that can be put in, to see that the judge finds them |
//! | `shrink` | leaves out of a failing plan what does not matter |
#![forbid(unsafe_code)]

mod client;
mod fault;
mod isolate;
mod judge;
mod kv;
mod look;
mod plan;
mod room;
mod shard;
mod shrink;
mod world;

/// The server's rules, as they ship.
#[allow(
    dead_code,
    unused_imports,
    missing_docs,
    reason = "the server's own files, of which a world needs a part"
)]
#[path = "../../src"]
mod server {
    pub(crate) mod domain;
    pub(crate) mod recent {
        pub(crate) mod index;
        pub(crate) mod page;
        pub(crate) mod shard;
    }
    pub(crate) mod room {
        pub(crate) mod batch;
        pub(crate) mod pace;
    }
}

use server::domain;

pub use fault::Fault;
pub use judge::Violation;
pub use plan::Plan;
pub use shrink::shrink;
pub use world::{Outcome, run};
