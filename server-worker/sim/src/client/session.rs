//! The session under its host: it is told what happens, and does what it says.

use std::collections::HashMap;

use transfer_status_protocol::session::{Config, Event, Output, Session, SignatureAnswer, SignatureId, Time};
use transfer_status_protocol::signature::{self, Claims, Signature};

use super::{Client, Mint, Seen};
use crate::fault::Fault;
use crate::plan::START;
use crate::world::{Ev, World};

impl World {
    pub(crate) fn mint(&self, c: usize) -> (Signature, Mint) {
        let client = &self.plan.clients[c];
        let key = (!client.is_forged).then_some(self.key);
        let expiry = (self.now / 1_000) + client.lifetime;
        let id = self.ids[client.transfer].clone();
        let claims = Claims::new(id, "merchant", u64::try_from(expiry).unwrap_or(0));
        let key_made = match key {
            Some(key) => &self.keys[key],
            None => &self.forger,
        };
        let signature = claims.map(|claims| signature::mint(key_made, &claims));
        // Fixed ids and an expiry in seconds: there is nothing to refuse.
        let signature = signature.unwrap_or_else(|_| unreachable!("the claims are valid"));
        (signature, Mint { key, expiry })
    }

    pub(crate) fn begin_client(&mut self, c: usize) {
        let (signature, mint) = self.mint(c);
        let mut config = Config {
            can_refresh: self.plan.clients[c].can_refresh,
            ..Config::DEFAULT
        };
        match self.fault {
            Some(Fault::NoBackoff) => config.backoff_cap_ms = 500,
            Some(Fault::BackoffNeverReset) => config.held_after_ms = u32::MAX,
            Some(Fault::NoHeartbeat) => config.ping_after_ms = u32::MAX,
            Some(Fault::NeverPolls) => config.poll_after_failures = u8::MAX,
            _ => {}
        }
        let seed = match self.fault {
            Some(Fault::NoJitter) => 7,
            _ => self.rng.u64(..),
        };
        let clock = 0;
        let start = Time::from_millis(1_000_000_000);
        let session = Session::new(config, start, seed);
        self.clients[c] = Some(Client {
            session,
            wake: None,
            wish: 0,
            links: HashMap::new(),
            signature,
            mint,
            frozen_until: 0,
            offline_until: 0,
            clock: START + clock - 1_000_000_000 + (self.now - START),
            is_closed: false,
            counted: 0,
            lost_held: None,
        });
        self.drain(c);
    }

    /// Tells the session something, and does what it says.
    pub(crate) fn feed(&mut self, c: usize, tell: impl FnOnce(&mut Session<Seen, ()>, Time)) {
        let now = self.now;
        let Some(client) = &mut self.clients[c] else {
            return;
        };
        let time = Time::from_millis(u64::try_from(now - client.clock).unwrap_or(0));
        tell(&mut client.session, time);
        self.drain(c);
    }

    pub(crate) fn drain(&mut self, c: usize) {
        loop {
            let Some(client) = &mut self.clients[c] else {
                return;
            };
            match client.session.poll_output() {
                Output::Drop(conn, _) => self.drop_link((c, conn.number())),
                Output::Connect(conn) => self.dial((c, conn.number())),
                Output::SendPing(conn) => self.ping((c, conn.number())),
                Output::Poll(id, known) => self.poll(c, id.number(), known),
                Output::RefreshSignature(id) => {
                    let after = self.rng.i64(20..600);
                    self.after(
                        after,
                        Ev::Signature {
                            client: c,
                            id: id.number(),
                        },
                    );
                }
                Output::Event(Event::Update(seen)) => {
                    let transfer = self.plan.clients[c].transfer;
                    self.note(|| format!("client {c} shows {} {}", seen.state.version, seen.state.status));
                    self.judge.shown(c, transfer, seen.state);
                }
                Output::Event(Event::Closed(reason)) => {
                    client.is_closed = true;
                    let (key, expiry) = (client.mint.key, client.mint.expiry);
                    let is_over = self.now > expiry * 1_000 - 5_000 && !self.plan.clients[c].can_refresh;
                    let may = key.is_none_or(|key| key + 1 < self.key) || is_over;
                    self.note(|| format!("client {c} stops: {reason:?}"));
                    let transfer = self.plan.clients[c].transfer;
                    self.judge.stopped(c, transfer, &format!("{reason:?}"), may);
                }
                Output::Event(_) => {}
                Output::Wait(at) => {
                    client.wish += 1;
                    client.wake =
                        at.map(|at| client.clock + i64::try_from(at.as_millis()).unwrap_or(i64::MAX / 2));
                    let (wish, wake) = (client.wish, client.wake);
                    if let Some(wake) = wake {
                        self.at(wake.max(self.now), Ev::Timer { client: c, wish });
                    }
                    return;
                }
            }
        }
    }

    pub(crate) fn timer(&mut self, c: usize, wish: u64) {
        let Some(client) = &self.clients[c] else { return };
        if client.wish == wish {
            match self.now < client.frozen_until {
                true => self.at(client.frozen_until, Ev::Timer { client: c, wish }),
                false => self.feed(c, |session, time| session.handle_timeout(time)),
            }
        }
    }

    pub(crate) fn signature_made(&mut self, c: usize, id: u32) {
        let fails = !self.is_healed && self.rng.u8(..6) == 0;
        if !fails {
            let (signature, mint) = self.mint(c);
            if let Some(client) = &mut self.clients[c] {
                client.signature = signature;
                client.mint = mint;
            }
        }
        let answer = if fails {
            SignatureAnswer::Failed
        } else {
            SignatureAnswer::Ready
        };
        self.feed(c, |session, time| {
            session.handle_signature(time, SignatureId::from_number(id), answer)
        });
    }
}
