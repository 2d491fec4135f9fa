//! What leaves a room for the network, and what its client's proof is worth then.

use super::{Ev, MOST_SKEW_MS, UNDER_WAY_MS, World};
use crate::client::{Mint, Word};
use crate::room::{End, MOST_UNREAD, Out};

impl World {
    pub(crate) fn send_out(&mut self, r: usize, out: Out) {
        match out {
            Out::Answer {
                update,
                attempt,
                status,
                body,
            } => {
                let after = self.rng.i64(2..60);
                self.after(
                    after,
                    Ev::Answered {
                        update,
                        attempt,
                        status,
                        body,
                    },
                );
            }
            Out::Deleted {
                deletion,
                attempt,
                status,
            } => {
                let shown = self.listed(r, self.rooms[r].shards);
                self.judge.deletion_answered(r, status, shown.as_deref());
                let after = self.rng.i64(2..60);
                self.after(
                    after,
                    Ev::DeleteAnswered {
                        deletion,
                        attempt,
                        status,
                    },
                );
            }
            Out::Opened(end) => {
                self.opened.insert(end, self.now);
                self.send_to_client(end, Word::Opened);
            }
            Out::Frame(end, text) => {
                let opened = self.opened.get(&end).copied();
                self.judge.told(r, &text, opened);
                self.check_proof(end.0, self.proofs.get(&end).copied());
                let length = text.len();
                if !self.send_to_client(end, Word::Frame(text)) {
                    self.unread(r, end, length);
                }
            }
            Out::Close(end, code) => {
                self.note(|| format!("room {r} closes a socket of client {} with {code}", end.0));
                self.check_close(end, code);
                self.send_to_client(end, Word::Closed(code));
            }
            Out::Read {
                client,
                poll,
                status,
                body,
            } => {
                if status == 200 {
                    self.judge.told(r, &body, None);
                    self.check_proof(client, self.poll_proofs.get(&client).copied());
                }
                self.poll_leaves(client, poll, status, body);
            }
        }
    }

    /// A frame waits in the platform's memory, for its client's link takes nothing any more.
    fn unread(&mut self, r: usize, end: End, length: usize) {
        let waiting = self.unsent.entry(end).or_default();
        waiting.push(length);
        let waiting = waiting.len();
        if waiting > MOST_UNREAD && !self.rooms[r].is_old {
            self.judge.told_though_deaf(end.0, waiting);
        }
    }

    /// What the maker of the signature knows of it, against what the service does with it.
    pub(crate) fn check_proof(&mut self, client: usize, proof: Option<(Mint, usize)>) {
        let Some((mint, accepted_with)) = proof else {
            return self.judge.told_without_proof(client, "it has shown nothing");
        };
        match mint.key {
            None => self.judge.told_without_proof(client, "its signature is forged"),
            Some(key) if key + 1 < accepted_with => {
                self.judge
                    .told_without_proof(client, "the key of its signature was taken back");
            }
            Some(_) => {}
        }
        // A call goes on that came in time, an object's clock is not the edge's, and what is written has to be durable
        // first.
        if self.now > (mint.expiry + 1) * 1_000 + UNDER_WAY_MS + MOST_SKEW_MS + 500 {
            self.judge.told_without_proof(client, "its signature has expired");
        }
    }

    /// 4410 comes within 60 s of the expiry, and as much later as the platform's alarms do.
    pub(crate) fn check_close(&mut self, end: End, code: u16) {
        let Some((mint, _)) = self.proofs.get(&end).copied() else {
            return;
        };
        let late = self.latest_alarm + MOST_SKEW_MS + 500;
        if code == 4410 && self.now > (mint.expiry + 1) * 1_000 + 60_000 + late {
            self.judge.closed_late(end.0);
        }
    }
}
