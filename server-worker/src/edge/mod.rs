//! The stateless Worker: it judges every request, and what it lets through takes one hop to the transfer's room.
//!
//! `route` is the table of paths, `dispatch` looks a request up in it, and each of the others answers one of them.
//! `request`, `target`, `body` and `proof` say what a request is and who sent it; `limits` counts who guesses.

mod body;
pub(crate) mod cors;
mod dashboard;
mod delete;
pub(crate) mod dispatch;
mod hand_in;
mod health;
pub(crate) mod legacy;
pub(crate) mod limits;
pub(crate) mod proof;
mod read;
pub(crate) mod request;
mod route;
mod scan;
pub(crate) mod session;
pub(crate) mod target;
mod update;
mod watch;
