//! What the user is told of the transfer and of the link, judged by what really happened.
//!
//! PROTOCOL.md: "Each version at most once, never an older one after a newer one, and the final one always; in between, a
//! version may be skipped. A lower version with a later `updatedAt` is a record begun anew (a service that was restored or
//! replaced), and is news: within one record the two rise together."
//! "Whoever shares a socket with others (tabs of a browser) owes all of this as if the socket were its own: nobody vouches
//! for a socket that it does not have."

use super::Judge;
use crate::seen::Seen;
use transfer_status_protocol::session::{Connection, Stage};

impl Judge {
    pub(super) fn saw_update(&mut self, seen: Seen) {
        self.check(
            self.moment.snapshot == Some(seen),
            "what is shown has just come, from the socket or the poll that is the client's",
        );
        let newer = self.shown.is_none_or(|shown| shown.truth < seen.truth);
        self.check(
            newer,
            "\"Each version at most once, never an older one after a newer one\"",
        );
        self.shown = Some(seen);
        self.moment.updated = true;
    }

    pub(super) fn saw_connection(&mut self, connection: Connection) {
        self.check(self.told != Some(connection), "tells the same twice");
        self.told = Some(connection);
    }

    pub(super) fn saw_notice(&mut self) {
        let said = std::mem::take(&mut self.moment.notice);
        self.check(said, "a notice is what the server has just said");
    }

    pub(super) fn check_news(&mut self) {
        if let Some(snapshot) = self.moment.snapshot
            && !self.moment.snapshot_is_late
            && !self.moment.updated
        {
            self.check(
                !self.is_news(snapshot),
                "what comes and is news is shown, \"and the final one always\"",
            );
        }
        if let Some(last) = self.moment.must_show {
            self.check(
                self.shown.is_some_and(|shown| shown.truth >= last.truth),
                "1000: \"A final status, or one whose name the client does not know, is shown and is the end\"",
            );
        }
        self.check(
            !self.moment.notice || self.end.is_some(),
            "what the server says is passed on",
        );
        if self.end.is_some() {
            return;
        }
        self.check(
            (self.told == Some(Connection::Live)) == self.is_live(),
            "live is who holds a socket that has brought a status",
        );
        match self.told {
            Some(Connection::Connecting) => {
                self.check(self.shown.is_none(), "connecting: nothing was shown yet")
            }
            Some(Connection::Reconnecting) => {
                self.check(self.shown.is_some(), "reconnecting: something was shown")
            }
            Some(Connection::Polling) => self.check(self.poll_answered, "polling: a poll was answered"),
            _ => {}
        }
    }

    /// Whether this must be shown: it is later in what really happened, and can be seen to be.
    fn is_news(&self, seen: Seen) -> bool {
        let Some(shown) = self.shown else { return true };
        if seen.truth <= shown.truth {
            return false;
        }
        let is_later = seen.order.updated_at_ms > shown.order.updated_at_ms;
        match (seen.order.version, shown.order.version) {
            (_, Some(0)) => true,
            _ if is_later => true,
            (Some(version), Some(known)) => version > known,
            _ => seen.order.stage != Stage::Open && seen.order.stage != shown.order.stage,
        }
    }
}
