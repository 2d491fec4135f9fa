//! The client session against a fake peer in virtual time: one story for each of a client's duties
//! (PROTOCOL.md, "A client's duties"), random schedules of faults, and crowds of clients, with a judge of those duties
//! beside each client.

mod crowd;
mod duties;
mod faults;
mod pair;
mod seen;
