//! A client's network: what it dials, and what goes over a link in either direction.

use transfer_status_protocol::ServerMessage;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{Cause, ConnId, Failure, Frame};
use transfer_status_protocol::signature::{self};

use super::{Link, Way, Word, seen};
use crate::fault::Fault;
use crate::plan::Ms;
use crate::room::{Call, End};
use crate::world::{Ev, World};

impl World {
    pub(crate) fn is_cut(&self, c: usize) -> bool {
        let offline = self.clients[c]
            .as_ref()
            .is_some_and(|client| self.now < client.offline_until);
        offline || self.now < self.partition_until
    }

    pub(crate) fn latency(&mut self) -> Ms {
        let slow = if self.now < self.slow_network.1 {
            self.slow_network.0
        } else {
            0
        };
        let most = self.plan.latency + slow;
        self.rng.i64(1..most + 2)
    }

    pub(crate) fn dial(&mut self, end: End) {
        let (c, conn) = end;
        self.judge.attempted(c);
        let is_cut = self.is_cut(c);
        let (now, latency) = (self.now, self.latency());
        let Some(client) = &mut self.clients[c] else {
            return;
        };
        if let Some(at) = client.lost_held.take() {
            self.judge.redialled(c, now - at);
        }
        let link = Link {
            is_dead: false,
            latency,
            last_down: 0,
            last_up: 0,
            first_frame: None,
        };
        client.links.insert(conn, link);
        if self.plan.clients[c].only_polls || is_cut {
            let after = self.rng.i64(10..400);
            // Some networks refuse, others only swallow.
            if self.rng.u8(..3) > 0 {
                self.after(
                    after,
                    Ev::ToClient {
                        end,
                        word: Word::Failed,
                    },
                );
            }
            return;
        }
        self.after(latency, Ev::Dialled { end });
    }

    /// The signature's judge at the edge: the server's own.
    pub(crate) fn admit(&self, c: usize) -> Result<u64, u16> {
        let Some(client) = &self.clients[c] else {
            return Err(4400);
        };
        let id = &self.ids[self.plan.clients[c].transfer];
        if self.fault == Some(Fault::UnprovenToldAll) {
            return Ok(u64::try_from(client.mint.expiry).unwrap_or(0));
        }
        let now = u64::try_from(self.now / 1_000).unwrap_or(0);
        match signature::verify(&self.ring(), &client.signature, id, now) {
            Ok(claims) => Ok(claims.expiry()),
            Err(error) if error.code() == transfer_status_protocol::ErrorCode::Expired => Err(4410),
            Err(_) => Err(4401),
        }
    }

    pub(crate) fn dialled(&mut self, end: End) {
        let r = self.plan.clients[end.0].transfer;
        match self.admit(end.0) {
            Ok(expiry) => {
                if let Some(client) = &self.clients[end.0] {
                    let mint = client.mint;
                    self.proofs.insert(end, (mint, self.key));
                }
                self.call(r, Call::Watch { end, expiry });
            }
            Err(code) => self.refuse_watch(end, code),
        }
    }

    pub(crate) fn refuse_watch(&mut self, end: End, code: u16) {
        self.send_to_client(end, Word::Opened);
        self.send_to_client(end, Word::Closed(code));
    }

    /// When that arrives which is sent over a link now; `None`: it is lost, for the link is dead.
    fn crosses(&mut self, end: End, way: Way) -> Option<Ms> {
        let extra = self.rng.i64(0..4);
        let is_cut = self.is_cut(end.0);
        let now = self.now;
        let link = self.clients[end.0].as_mut()?.links.get_mut(&end.1)?;
        link.is_dead |= is_cut;
        if link.is_dead {
            return None;
        }
        let last = match way {
            Way::Down => &mut link.last_down,
            Way::Up => &mut link.last_up,
        };
        *last = (now + link.latency + extra).max(*last);
        Some(*last)
    }

    /// Sends to a client; `false`: its link takes nothing any more.
    pub(crate) fn send_to_client(&mut self, end: End, word: Word) -> bool {
        let at = self.crosses(end, Way::Down);
        if let Some(at) = at {
            self.at(at, Ev::ToClient { end, word });
        }
        at.is_some()
    }

    pub(crate) fn arrives(&mut self, end: End, word: Word) {
        let now = self.now;
        let fault = self.fault;
        let Some(client) = &mut self.clients[end.0] else {
            return;
        };
        if now < client.frozen_until {
            let at = client.frozen_until;
            return self.at(at, Ev::ToClient { end, word });
        }
        let Some(link) = client.links.get_mut(&end.1) else {
            return;
        };
        if link.is_dead {
            return;
        }
        let conn = ConnId::from_number(end.1);
        match word {
            Word::Opened => self.feed(end.0, |session, time| session.handle_opened(time, conn)),
            Word::Pong => self.feed(end.0, |session, time| {
                session.handle_frame(time, conn, Frame::Pong)
            }),
            Word::Frame(text) if fault == Some(Fault::FinalLostOn1000) && text.contains("completed") => {
                self.note(|| format!("client {} loses {text}", end.0));
            }
            Word::Frame(text) => {
                let frame = match ServerMessage::decode(&text) {
                    Ok(ServerMessage::Status(transfer)) => {
                        link.first_frame.get_or_insert(now);
                        client.counted += 1;
                        match seen(&transfer, fault, client.counted) {
                            Some(seen) => Frame::Snapshot(seen),
                            None => Frame::Malformed,
                        }
                    }
                    Ok(_) => Frame::Notice(()),
                    Err(_) => Frame::Malformed,
                };
                self.feed(end.0, |session, time| session.handle_frame(time, conn, frame));
            }
            Word::Closed(1000) if fault == Some(Fault::FinalLostOn1000) => {
                client.links.remove(&end.1);
                self.feed(end.0, |session, time| session.close(time));
            }
            Word::Closed(code) => {
                // Whose signature may be over asks for a fresh one first.
                let may_refresh = self.plan.clients[end.0].lifetime < 86_400;
                let held = link.first_frame.is_some_and(|at| now - at >= 6_000);
                client.links.remove(&end.1);
                if held {
                    self.judge.may_begin_anew(end.0);
                    if code == 1006
                        && !may_refresh
                        && let Some(client) = &mut self.clients[end.0]
                    {
                        client.lost_held = Some(now);
                    }
                }
                let code = CloseCode::new(code);
                self.feed(end.0, |session, time| session.handle_closed(time, conn, code));
            }
            Word::Failed => {
                client.links.remove(&end.1);
                let failure = Failure::from(Cause::Unreachable);
                self.feed(end.0, |session, time| session.handle_failed(time, conn, failure));
            }
        }
    }

    pub(crate) fn ping(&mut self, end: End) {
        if let Some(at) = self.crosses(end, Way::Up) {
            self.at(at, Ev::Pinged { end });
        }
    }

    /// The network's edge answers, without waking anything.
    pub(crate) fn pinged(&mut self, end: End) {
        let r = self.plan.clients[end.0].transfer;
        if self.rooms[r]
            .sockets
            .get(&end)
            .is_some_and(|socket| socket.is_open)
        {
            self.send_to_client(end, Word::Pong);
        }
    }

    pub(crate) fn drop_link(&mut self, end: End) {
        if let Some(at) = self.crosses(end, Way::Up) {
            self.at(at, Ev::Dropped { end });
        }
        if let Some(client) = &mut self.clients[end.0] {
            client.links.remove(&end.1);
        }
    }
}
