//! Frames to a room's watchers, unless too much waits already for who does not read, as the server's
//! `platform/socket.rs` has it.

use super::{End, Out};
use crate::domain::backlog::is_deaf;
use crate::fault::Fault;
use crate::world::World;

/// So little that the few updates of a world exceed it: a frame may wait, and one more.
const MOST_UNSENT: u32 = 150;
/// Frames that leave for a connection that takes nothing any more.
pub(crate) const MOST_UNREAD: usize = 2;

impl World {
    /// Sends a frame, or closes the socket for what its client has not read.
    pub(crate) fn say(&mut self, r: usize, end: End, frame: &str) {
        let waiting = self.unsent.get(&end).into_iter().flatten().copied();
        // What the platform holds back until it is durable waits as well.
        let held_back = self.rooms[r].gated.iter().filter_map(|out| match out {
            Out::Frame(to, text) if *to == end => Some(text.len()),
            _ => None,
        });
        let unsent = u32::try_from(waiting.chain(held_back).sum::<usize>()).unwrap_or(u32::MAX);
        // The release before does not look.
        let looks = !self.rooms[r].is_old && self.fault != Some(Fault::DeafToldForEver);
        match looks && is_deaf(unsent, MOST_UNSENT) {
            true => self.close(r, end, 1013),
            false => self.leave(r, Out::Frame(end, frame.to_owned())),
        }
    }
}
