//! The sentences of PROTOCOL.md that are judged, and that nothing may be left behind.

pub(crate) const NOTHING_LOST: &str = "200: the transfer as stored";
pub(crate) const NO_GAPS: &str = "1 for the first accepted update, then one more for each change";
pub(crate) const FINAL_STAYS: &str = "any change after a final status: refused";
pub(crate) const ARCHIVE_WINS: &str = "a final status in the archive wins";
pub(crate) const ONCE: &str = "each version at most once; never an older one after a newer one";
pub(crate) const LAST_ALWAYS: &str = "the final one always";
pub(crate) const PROVEN: &str =
    "a status that is shown is never from a signature that the service did not accept";
pub(crate) const ENDS_IN_TIME: &str = "in the middle of a connection this comes within 60 s of the expiry";
pub(crate) const CUT_OFF: &str =
    "a socket for which more than that waits to be read is sent nothing more and closed with 1013";
pub(crate) const NOT_REFUSED: &str = "4401: the signature is wrong, or for another transfer; and no other";
pub(crate) const BACKOFF: &str = "the backoff begins at 500 ms, doubles with each attempt, and stays at 30 s";
pub(crate) const JITTER: &str = "wait a random time between 0 and the backoff (full jitter)";
pub(crate) const UPDATES_GO_ON: &str =
    "with the archive or the list of recent transfers slow or away it is taken";
pub(crate) const RECONCILED: &str = "what they hold is reconciled when they are back";
pub(crate) const GONE: &str =
    "what is stored of the transfer, in the archive and in the list too, is gone for good";
pub(crate) const BEGUN_ANEW: &str = "a transfer that was deleted leaves its id free: a reader sees version 0, and the next update is version 1";
pub(crate) const NEWS: &str = "a lower version with a later updatedAt is a record begun anew, and is news";
pub(crate) const CLOSED_4404: &str = "its watchers get an error not_found and are closed with 4404";
pub(crate) const UNKNOWN_404: &str = "404 for an unknown one, and for no other";
pub(crate) const LISTED: &str = "GET /recent, newest first: with another number of shards the list moves over, nothing twice and nothing lost";
/// Of the platform, and not of PROTOCOL.md.
pub(crate) const ONE_WRITE: &str =
    "of two writes of a key that are under way at once either may land last (KV)";
pub(crate) const CLEAN: &str = "nothing is left: no room, no alarm, no timer, no entry";
