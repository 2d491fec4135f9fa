//! A client's duties, one test each.

mod backoff;
mod clock;
mod close_codes;
mod ending;
mod heartbeat;
mod hints;
mod news;
mod polling;
mod problems;
mod signature;
mod suspend;
mod turns;
