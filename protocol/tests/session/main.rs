//! The client session against a fake peer in virtual time: one story for each of a client's duties
//! (PROTOCOL.md, "A client's duties"), and random schedules of faults judged by a reference model.

mod crowd;
mod duties;
mod faults;
mod pair;
mod seen;
