//! What a host and its network do to a client.

use transfer_status_protocol::session::Hint;

use super::Word;
use crate::plan::{Kind, Ms};
use crate::world::{Ev, World};

impl World {
    pub(crate) fn hint(&mut self, c: usize, hint: Hint) {
        self.note(|| format!("client {c} is told {hint:?}"));
        self.judge.may_begin_anew(c);
        if let Some(client) = &mut self.clients[c] {
            client.lost_held = None;
        }
        self.feed(c, |session, time| session.handle_hint(time, hint));
    }

    pub(crate) fn clock_steps(&mut self, c: usize, by: Ms) {
        self.judge.may_begin_anew(c);
        if let Some(client) = &mut self.clients[c] {
            client.clock -= by;
            client.lost_held = None;
        }
        self.feed(c, |session, time| session.handle_timeout(time));
    }

    /// The links of a client die unnoticed, or are reset.
    pub(crate) fn links_fail(&mut self, c: usize, is_noticed: bool) {
        let Some(client) = &mut self.clients[c] else {
            return;
        };
        let mut conns: Vec<_> = client.links.keys().copied().collect();
        conns.sort_unstable();
        for conn in conns {
            let end = (c, conn);
            if is_noticed {
                self.send_to_client(end, Word::Closed(1006));
                self.after(5, Ev::Dropped { end });
            } else if let Some(link) = self.clients[c]
                .as_mut()
                .and_then(|client| client.links.get_mut(&conn))
            {
                link.is_dead = true;
            }
        }
    }

    pub(crate) fn sleep(&mut self, c: usize, ms: Ms) {
        match self.plan.clients[c].kind {
            // It is frozen without a word, and its links die.
            Kind::Phone => {
                self.links_fail(c, false);
                self.judge.may_begin_anew(c);
                if let Some(client) = &mut self.clients[c] {
                    client.frozen_until = self.now + ms;
                    client.lost_held = None;
                }
            }
            _ => {
                self.hint(c, Hint::Suspend);
                self.after(
                    ms,
                    Ev::Hint {
                        client: c,
                        hint: Hint::Resume,
                    },
                );
            }
        }
    }

    /// The client's program ends, and its sockets with it.
    pub(crate) fn quit(&mut self, c: usize) {
        self.note(|| format!("client {c} quits"));
        let conns = self.clients[c]
            .as_ref()
            .map(|client| client.links.keys().copied());
        let mut conns: Vec<_> = conns.into_iter().flatten().collect();
        conns.sort_unstable();
        for conn in conns {
            self.after(5, Ev::Dropped { end: (c, conn) });
        }
        self.clients[c] = None;
    }
}
