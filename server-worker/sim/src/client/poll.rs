//! A client's polls.

use transfer_status_protocol::Transfer;
use transfer_status_protocol::session::{Cause, Failure, PollAnswer, PollId, Refusal};

use super::seen;
use crate::room::Call;
use crate::world::{Ev, World};

impl World {
    pub(crate) fn poll(&mut self, c: usize, id: u32, known: Option<u64>) {
        self.judge.polled(c);
        let latency = self.latency();
        if self.is_cut(c) {
            let after = self.rng.i64(10..400);
            if self.rng.u8(..3) > 0 {
                self.after(
                    after,
                    Ev::PollAnswered {
                        client: c,
                        id,
                        status: 0,
                        body: String::new(),
                    },
                );
            }
            return;
        }
        self.after(latency, Ev::Polled { client: c, id, known });
    }

    pub(crate) fn polled(&mut self, c: usize, id: u32, known: Option<u64>) {
        let r = self.plan.clients[c].transfer;
        match self.admit(c) {
            Ok(_) => {
                if let Some(client) = &self.clients[c] {
                    self.poll_proofs.insert(c, (client.mint, self.key));
                }
                self.call(
                    r,
                    Call::Read {
                        client: c,
                        poll: id,
                        known,
                    },
                );
            }
            Err(code) => self.poll_leaves(c, id, code, String::new()),
        }
    }

    pub(crate) fn poll_leaves(&mut self, client: usize, id: u32, status: u16, body: String) {
        let latency = self.latency();
        if !self.is_cut(client) {
            self.after(
                latency,
                Ev::PollAnswered {
                    client,
                    id,
                    status,
                    body,
                },
            );
        }
    }

    pub(crate) fn poll_answered(&mut self, c: usize, id: u32, status: u16, body: String) {
        let fault = self.fault;
        let now = self.now;
        let Some(client) = &mut self.clients[c] else {
            return;
        };
        if now < client.frozen_until {
            let at = client.frozen_until;
            return self.at(
                at,
                Ev::PollAnswered {
                    client: c,
                    id,
                    status,
                    body,
                },
            );
        }
        client.counted += 1;
        let answer = match status {
            200 => match Transfer::decode(&body)
                .ok()
                .and_then(|transfer| seen(&transfer, fault, client.counted))
            {
                Some(seen) => PollAnswer::Snapshot(seen),
                None => PollAnswer::Failed(Cause::Malformed.into()),
            },
            304 => PollAnswer::NotModified,
            4401 => PollAnswer::Refused(Refusal::Unauthorized),
            4410 => PollAnswer::Refused(Refusal::Expired),
            0 => PollAnswer::Failed(Cause::Unreachable.into()),
            status => PollAnswer::Failed(Failure {
                cause: Cause::of_status(status),
                retry_after_ms: Some(1_000),
            }),
        };
        self.feed(c, |session, time| {
            session.handle_poll(time, PollId::from_number(id), answer)
        });
    }
}
