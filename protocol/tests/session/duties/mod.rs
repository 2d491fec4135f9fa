//! A client's duties, one test each.

mod backoff;
mod clock;
mod close_codes;
mod ending;
mod expiry;
mod heartbeat;
mod hints;
mod insistence;
mod news;
mod polling;
mod problems;
mod signature;
mod suspend;
mod turns;
mod unnamed;
