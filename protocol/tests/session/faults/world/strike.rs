//! The faults of a schedule, as they strike.

use super::super::judge::Input;
use super::super::network::Parcel;
use super::super::schedule::{Fault, Stray};
use super::World;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{Frame, Hint, Stage};

impl World {
    pub(crate) fn strike(&mut self, fault: &Fault) {
        match *fault {
            Fault::Publish { later } => self.publish(later, Stage::Open, false),
            Fault::Finish { known: true } => self.publish(0, Stage::Final, true),
            Fault::Finish { known: false } => self.publish(0, Stage::Unknown, true),
            Fault::Restore { back } => {
                self.history.restore(back);
                self.close(CloseCode::new(1012));
            }
            Fault::Latency(latency) => self.network.latency = latency,
            Fault::Dials(dials) => self.dials = dials,
            Fault::Polls(polls) => self.polls = polls,
            Fault::Signatures(signatures) => self.signatures = signatures,
            Fault::Expire => {
                self.good_from += 1;
                self.close(CloseCode::SIGNATURE_EXPIRED);
            }
            Fault::Cut => {
                for link in self.links.extract_if(.., |link| !link.dead) {
                    self.network.lose(link.end);
                    let closed = Parcel::Closed(link.end, CloseCode::ABNORMAL);
                    self.network.send(self.now, closed);
                }
            }
            Fault::HalfOpen => {
                for link in &mut self.links {
                    link.dead = true;
                    self.network.lose(link.end);
                }
            }
            Fault::Close(code) => self.close(CloseCode::new(code)),
            Fault::Send(stray) => self.tell(&match stray {
                Stray::Notice => Frame::Notice(()),
                Stray::Unknown => Frame::Unknown,
                Stray::Malformed => Frame::Malformed,
                Stray::Pong => Frame::Pong,
            }),
            Fault::Replay { back } => {
                self.tell(&self.history.told(back).map_or(Frame::Notice(()), Frame::Snapshot));
            }
            Fault::Reorder => self.links.iter().for_each(|link| self.network.reorder(link.end)),
            Fault::Replace => {
                self.history.old_service = !self.history.old_service;
                self.close(CloseCode::new(1012));
            }
            Fault::Sleep {
                ms,
                timer_first,
                counted,
            } => self.sleep(ms, timer_first, counted),
            Fault::Freeze { tab, ms } => {
                // A single client is the device's only program: its freezing is a sleep.
                if let Some(client) = self.clients.get_mut(tab) {
                    client.thaws = client.thaws.max(self.now + ms);
                }
            }
            Fault::ClockForward(ms) => self.clock_start += ms,
            Fault::ClockBack(ms) => self.clock_start -= ms,
            Fault::Hint(hint) => self.hint(hint),
            Fault::Hints { hint, times, every } => {
                for _ in 0..times {
                    self.hint(hint);
                    self.advance(every);
                }
            }
            Fault::Timeout => self.all_awake(|| Input::Timeout),
            Fault::UserClose => {
                if self.clients[0].thaws <= self.now {
                    self.input(0, Input::Close);
                }
            }
        }
    }

    fn sleep(&mut self, ms: u64, timer_first: bool, counted: bool) {
        self.timer_first = timer_first;
        for client in &mut self.clients {
            client.thaws = client.thaws.max(self.now) + ms;
            if !counted {
                client.wake = client.wake.map(|wake| wake + ms);
            }
        }
        if !counted {
            self.clock_start -= ms;
        }
    }

    /// A hint reaches every tab, or only one. A frozen host neither hints nor calls.
    pub(super) fn hint(&mut self, hint: Hint) {
        match self.share.is_some() && self.dice.bool() {
            false => self.all_awake(|| Input::Hint(hint)),
            true => {
                let tab = self.dice.usize(0..self.clients.len());
                if self.clients[tab].thaws <= self.now {
                    self.input(tab, Input::Hint(hint));
                }
            }
        }
    }

    pub(crate) fn all_awake(&mut self, input: impl Fn() -> Input) {
        for tab in 0..self.clients.len() {
            if self.clients[tab].thaws <= self.now {
                self.input(tab, input());
            }
        }
    }
}
