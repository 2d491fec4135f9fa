//! What rooms of one isolate share: the batches.

use std::cell::Cell;
use std::rc::Rc;

use crate::domain::outbox::Known;
use crate::room::listing::Waiting;
use crate::server::room::batch::Batch;
use crate::world::World;

pub(crate) type Queue = Batch<Rc<Cell<Known>>, Waiting>;

impl World {
    pub(crate) fn is_sender(&self, r: usize) -> bool {
        self.senders.contains(&Some(r))
    }

    /// What the list has of a transfer in its place among so many shards.
    pub(crate) fn listed(&mut self, r: usize, shards: u16) -> Option<String> {
        let id = self.ids[r].as_str();
        let shard = crate::server::recent::shard::of(id, shards);
        self.shards[usize::from(shard)].shown(id)
    }
}
