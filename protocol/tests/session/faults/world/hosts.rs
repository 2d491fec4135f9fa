//! The hosts: what reaches a client, and what is done for it.

use super::super::judge::Input;
use super::super::network::{End, Parcel};
use super::super::share::{Effect, Share};
use super::{Sent, What, World};
use crate::seen::Seen;
use std::collections::VecDeque;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{Frame, Output, SignatureAnswer};

impl World {
    pub(super) fn arrive(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Dial((tab, conn), signature) => {
                if self.clients[tab].held == Some(conn) {
                    self.dialled((tab, conn), signature);
                }
            }
            Parcel::Ping(end) => {
                if self.links.iter().any(|link| link.end == end && !link.dead) {
                    self.network.send(self.now, Parcel::Frame(end, Frame::Pong));
                }
            }
            Parcel::PollRequest(tab, id, known, signature) => {
                if let Some(answer) = self.polled(known, signature) {
                    self.network.send(self.now, Parcel::PollAnswer(tab, id, answer));
                }
            }
            Parcel::SignatureRequest(tab, id) => {
                if let Some((answer, signature, lifetime)) = self.signed() {
                    let answer = Parcel::SignatureAnswer(tab, id, answer, signature, lifetime);
                    self.network.send(self.now, answer);
                }
            }
            Parcel::Opened(end) => self.shared(end, Input::Opened(end.1), |share| share.opened(end)),
            Parcel::Frame(end, frame) => {
                let (now, told) = (self.now, frame.clone());
                self.clients[end.0].proved(0);
                self.shared(end, Input::Frame(end.1, told), |share| {
                    share.frame(end, frame, now)
                });
            }
            Parcel::Closed(end, code) => {
                self.shared(end, Input::Closed(end.1, code), |share| {
                    share.closed(end, code, Input::Closed(end.1, code))
                });
            }
            Parcel::Failed(end, failure) => {
                let code = CloseCode::ABNORMAL;
                self.shared(end, Input::Failed(end.1, failure), |share| {
                    share.closed(end, code, Input::Failed(end.1, failure))
                });
            }
            Parcel::Granted(end) => self.shared(end, Input::Timeout, |share| share.granted(end)),
            Parcel::Message(end, _, word) => {
                let newest = self.clients[end.0].judge.shown();
                self.shared(end, Input::Timeout, |share| share.message(end, word, newest));
            }
            Parcel::PollAnswer(tab, id, answer) => self.input(tab, Input::Poll(id, answer)),
            Parcel::SignatureAnswer(tab, id, answer, signature, lifetime) => {
                if answer == SignatureAnswer::Ready {
                    self.clients[tab].signature = signature;
                }
                let expires = lifetime.map(|lifetime| self.clock().saturating_add_signed(lifetime));
                self.input(tab, Input::Signature(id, answer, expires));
            }
        }
    }

    /// What a socket says goes to the client that has it for itself, or to the layer that shares it.
    fn shared(&mut self, end: End, alone: Input, tell: impl FnOnce(&mut Share) -> Vec<Effect>) {
        match &mut self.share {
            None => {
                if matches!(alone, Input::Closed(..) | Input::Failed(..)) {
                    self.clients[end.0].held.take_if(|held| *held == end.1);
                }
                self.input(end.0, alone);
            }
            Some(share) => {
                let effects = tell(share);
                self.take_effect(effects);
            }
        }
    }

    fn take_effect(&mut self, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Tell(end, input) => {
                    if matches!(input, Input::Closed(..) | Input::Failed(..)) {
                        self.clients[end.0].held.take_if(|held| *held == end.1);
                    }
                    self.input(end.0, input);
                }
                Effect::Proved(tab, at) => {
                    let ago = self.now.saturating_sub(at + self.waited);
                    self.clients[tab].proved(ago);
                }
                Effect::Dial(end) => {
                    // "Whoever shares a socket … owes all of this as if the socket were its own": back off after a loss.
                    let judge = &self.clients[end.0].judge;
                    assert!(
                        !judge.is_open(),
                        "dials for a client whose link is gone, and which has not backed off: {}",
                        judge.trace()
                    );
                    let dial = Parcel::Dial(end, self.clients[end.0].signature);
                    self.network.send(self.now, dial);
                }
                Effect::Ping(end) => self.network.send(self.now, Parcel::Ping(end)),
                Effect::Drop(end) => self.links.retain(|link| link.end != end),
                Effect::Send(delay, parcel) => self.network.send_after(self.now, delay, parcel),
            }
        }
    }

    pub(super) fn input(&mut self, tab: usize, input: Input) {
        let (now, clock) = (self.now, self.clock());
        if matches!(input, Input::Closed(..)) {
            self.sent.push(Sent {
                at: now,
                tab,
                what: What::Lost,
            });
        }
        let outputs = self.clients[tab].input(now, clock, input);
        self.carry_out(tab, outputs);
    }

    pub(super) fn carry_out(&mut self, tab: usize, outputs: Vec<Output<Seen, ()>>) {
        let now = self.now;
        for output in outputs {
            let client = &mut self.clients[tab];
            let signature = client.signature;
            match output {
                Output::Drop(conn, _) => {
                    assert_eq!(client.held.take(), Some(conn), "drops a socket that is not there");
                    self.links.retain(|link| link.end != (tab, conn));
                    if let Some(share) = &mut self.share {
                        let effects = share.dropped((tab, conn));
                        self.take_effect(effects);
                    }
                }
                Output::Connect(conn) => {
                    self.sent.push(Sent {
                        at: now,
                        tab,
                        what: What::Dial,
                    });
                    assert_eq!(client.held.replace(conn), None, "two sockets");
                    match &mut self.share {
                        None => self.network.send(now, Parcel::Dial((tab, conn), signature)),
                        Some(share) => {
                            let effects = share.connect((tab, conn));
                            self.take_effect(effects);
                        }
                    }
                }
                Output::SendPing(conn) => match &mut self.share {
                    None => self.network.send(now, Parcel::Ping((tab, conn))),
                    Some(share) => {
                        let effects = share.ping((tab, conn));
                        self.take_effect(effects);
                    }
                },
                Output::Poll(id, known) => {
                    self.sent.push(Sent {
                        at: now,
                        tab,
                        what: What::Poll,
                    });
                    self.network
                        .send(now, Parcel::PollRequest(tab, id, known, signature));
                }
                Output::RefreshSignature(id) => self.network.send(now, Parcel::SignatureRequest(tab, id)),
                Output::Event(_) | Output::Wait(_) => {}
            }
        }
    }
}
