//! The duties of one socket: it is the only one, it opens and brings a status in time, and a dead one is found.
//!
//! PROTOCOL.md: "Connect timeout 10 s; the first status within 10 s of the open socket. Ping after 20 s of silence;
//! no frame for 10 s after it means the link is dead: drop the socket without waiting for its close, and connect anew."

use super::Judge;
use super::facts::Socket;
use crate::seen::Seen;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{Cause, ConnId, Failure, Frame, Hint};

pub(super) const CONNECT_TIMEOUT: u64 = 10_000;
const FIRST_STATUS: u64 = 10_000;
const PING_AFTER: u64 = 20_000;
const PONG: u64 = 10_000;
const PROBE: u64 = 2_500;

/// Why a client may drop its socket.
enum Reason {
    /// It is over, or the host is about to be frozen.
    Rest,
    Failed(Cause),
    Hint,
    Expired,
}

impl Judge {
    pub(super) fn heard_opened(&mut self, conn: ConnId) {
        let now = self.now;
        if let Some(socket) = self.socket.as_mut().filter(|socket| socket.conn == conn)
            && socket.opened.is_none()
        {
            socket.opened = Some(now);
            socket.heard = now;
        }
    }

    pub(super) fn heard_frame(&mut self, conn: ConnId, frame: &Frame<Seen, ()>) {
        let now = self.now;
        let Some(socket) = self
            .socket
            .as_mut()
            .filter(|socket| socket.conn == conn && socket.is_open())
        else {
            return;
        };
        socket.heard = now;
        socket.ping = None;
        socket.polled_beside = false;
        match frame {
            Frame::Snapshot(seen) => {
                let is_first = socket.status.replace(socket.status.unwrap_or(now)).is_none();
                self.fresh = false;
                self.may_be_unusable = false;
                self.failures.least = 0;
                if is_first {
                    self.stop_polls();
                }
                self.moment.status_by_socket = true;
                self.moment.snapshot = Some(*seen);
            }
            Frame::Notice(()) => self.moment.notice = true,
            Frame::Malformed => self.moment.malformed = true,
            Frame::Pong | Frame::Unknown => {}
        }
    }

    pub(super) fn heard_closed(&mut self, conn: ConnId, code: CloseCode) {
        if let Some(socket) = self.socket.take_if(|socket| socket.conn == conn) {
            self.closed(&socket, code);
        }
    }

    pub(super) fn heard_failed(&mut self, conn: ConnId, failure: Failure) {
        if let Some(socket) = self.socket.take_if(|socket| socket.conn == conn) {
            self.moment.failed.push(failure.cause);
            self.lost(&socket, Self::pause_of(failure));
        }
    }

    pub(super) fn saw_connect(&mut self, conn: ConnId) {
        let now = self.now;
        self.check(self.socket.is_none(), "never two sockets");
        self.check(
            !self.suspended,
            "\"Suspend drops the socket and rests … only resume, foreground and visible wake it\"",
        );
        self.check_may_present("a socket");
        let undecided = self.confirming.is_some_and(|it| !it.is_free);
        self.check(
            !undecided || self.hint().is_some(),
            "1000 before a final status: \"Poll until an answer comes\"",
        );
        self.attempts();
        self.socket = Some(Socket {
            conn,
            dialled: now,
            opened: None,
            status: None,
            held: false,
            heard: now,
            ping: None,
            polled_beside: false,
        });
    }

    pub(super) fn saw_ping(&mut self, conn: ConnId) {
        let now = self.now;
        let probes = self.moment.found_silent || self.hint() == Some(Hint::Offline);
        let Some(socket) = self
            .socket
            .as_mut()
            .filter(|socket| socket.conn == conn && socket.is_open())
        else {
            self.fail("a ping goes over the open socket");
        };
        let silence = socket.silence(now);
        let deadline = now + if probes { PROBE } else { PONG };
        let dead = socket.ping.map_or(deadline, |(_, dead)| dead.min(deadline));
        socket.ping = Some((now, dead));
        self.check(
            silence >= PING_AFTER || probes,
            "\"Ping after 20 s of silence\", or on a hint; \"silent for less: nothing\"",
        );
    }

    pub(super) fn saw_drop(&mut self, dropped: ConnId) {
        let Some(socket) = self.socket.take_if(|socket| socket.conn == dropped) else {
            self.fail("only the socket that the host holds is dropped");
        };
        match self.reason_to_drop(&socket) {
            None => {
                self.socket = Some(socket);
                self.fail("a socket is dropped for no reason: \"a young one goes on\", a live one too");
            }
            Some(Reason::Rest) => {}
            Some(Reason::Failed(cause)) => {
                self.moment.found_none = true;
                self.moment.dropped = true;
                // A poll that would be asked anew now, and may not be: it may be forgotten.
                self.poll_is_moot |= self.may_be_expired();
                self.moment.failed.push(cause);
                self.lost(&socket, 0);
            }
            Some(Reason::Hint) => self.redialled(),
            Some(Reason::Expired) => {
                if self.moment.may_be_expired {
                    self.ended_otherwise(Some(&socket));
                    self.back_off(0);
                }
            }
        }
    }

    fn reason_to_drop(&self, socket: &Socket) -> Option<Reason> {
        let now = self.now;
        if self.moment.ends || self.hint() == Some(Hint::Suspend) {
            return Some(Reason::Rest);
        }
        if self.moment.malformed {
            return Some(Reason::Failed(Cause::Malformed));
        }
        if self.moment.expired || self.moment.may_be_expired {
            return Some(Reason::Expired);
        }
        match socket.opened {
            None if now >= socket.dialled + CONNECT_TIMEOUT => Some(Reason::Failed(Cause::Timeout)),
            None => {
                let hinted = self.hint().is_some_and(|hint| hint != Hint::Offline);
                (hinted && now - socket.dialled >= Self::OLD).then_some(Reason::Hint)
            }
            Some(opened) => {
                let mute = socket.status.is_none() && now >= opened + FIRST_STATUS;
                let dead = socket.ping.is_some_and(|(_, dead)| now >= dead);
                (mute || dead).then_some(Reason::Failed(Cause::Timeout))
            }
        }
    }

    /// A hint has found this link silent: it is asked whether it lives, by the short deadline.
    pub(super) fn probed(&mut self) {
        let deadline = self.now + PROBE;
        let Some(socket) = &mut self.socket else { return };
        let Some((_, dead)) = &mut socket.ping else {
            self.fail(
                "\"Connected and silent for 3 s or more: ping\", and offline \"makes an open link ping\"",
            );
        };
        *dead = (*dead).min(deadline);
    }

    /// The client has looked at the clock: a first status that came 5 s ago has held.
    pub(super) fn note_held(&mut self) {
        let now = self.now;
        if let Some(socket) = &mut self.socket
            && socket.status.is_some_and(|status| now >= status + 5_000)
        {
            socket.held = true;
            self.redials = 0;
        }
    }

    pub(super) fn socket_musts(&self, musts: &mut Vec<(u64, &'static str)>) {
        let Some(socket) = &self.socket else { return };
        let Some(opened) = socket.opened else {
            return musts.push((socket.dialled + CONNECT_TIMEOUT, "\"Connect timeout 10 s\""));
        };
        if socket.status.is_none() {
            musts.push((
                opened + FIRST_STATUS,
                "\"the first status within 10 s of the open socket\"",
            ));
        }
        musts.push(match socket.ping {
            None => (socket.heard + PING_AFTER, "\"Ping after 20 s of silence\""),
            Some((_, dead)) => (
                dead,
                "\"no frame for 10 s after it means the link is dead\"; after a hint 2.5 s",
            ),
        });
    }
}
