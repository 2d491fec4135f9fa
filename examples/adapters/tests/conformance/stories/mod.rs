//! The stories, by what they are about. Each has the name of what happens in it and the sentence of PROTOCOL.md that it
//! proves.

mod addresses;
mod backoff;
mod close_codes;
mod hints;
mod link;
mod news;
mod polling;
mod problems;
mod qr;
mod refresh;
mod refusals;
mod suspend;

use crate::story::{Story, story};

/// Every story there is.
pub(crate) fn all() -> Vec<Story> {
    [
        link::STORIES,
        backoff::STORIES,
        close_codes::STORIES,
        news::STORIES,
        polling::STORIES,
        refusals::STORIES,
        refresh::STORIES,
        hints::STORIES,
        suspend::STORIES,
        problems::STORIES,
        addresses::STORIES,
        qr::STORIES,
    ]
    .concat()
}
