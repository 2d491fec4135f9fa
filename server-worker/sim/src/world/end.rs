//! The end of a world: what is to be left, and what is not.

use super::{EMPTIES_WITHIN, HEALS_WITHIN, LONGEST_LIFETIME, World};
use crate::client::Client;
use crate::fault::Fault;
use crate::look::MOST_SHARDS;

impl World {
    pub(crate) fn live(&mut self) {
        let end = self.end + 100;
        self.until(end + HEALS_WITHIN);
        let mut empties_within = EMPTIES_WITHIN;
        for c in 0..self.clients.len() {
            if self.judge.found().is_none()
                && self.clients[c].as_ref().is_some_and(|client| !client.is_closed)
            {
                self.judge.goes_on(c, self.plan.clients[c].transfer);
                // Its user has waited for long enough. The room looks at its socket when the signature expires.
                self.quit(c);
                empties_within = EMPTIES_WITHIN + LONGEST_LIFETIME;
            }
        }
        self.judge.judge_attempts();
        if self.plan.is_storm {
            for at in self.deploys.clone() {
                self.judge.judge_crowd(at);
            }
        }
        self.until(end + empties_within);
        self.last_look();
        if self.judge.found().is_none() {
            self.check_end();
        }
    }

    /// The shards wake, those beyond the list do what they do once a day, and somebody looks.
    fn last_look(&mut self) {
        for shard in &mut self.shards {
            shard.break_down();
        }
        for beyond in self.list_shards..MOST_SHARDS {
            self.begin_upkeep(beyond, self.list_shards, Vec::new(), None);
        }
        self.until(self.now + 60_000);
        self.looked_well = false;
        self.look();
        self.until(self.now + 60_000);
    }

    pub(crate) fn check_end(&mut self) {
        for (update, report) in self.reports.clone().iter().enumerate() {
            if !report.is_done {
                self.judge.unanswered(update);
            }
        }
        for (deletion, report) in self.deletions.clone().iter().enumerate() {
            if !report.is_done {
                self.judge
                    .left(|| format!("deletion {deletion} was never carried out"));
            }
        }
        if !self.looked_well {
            self.judge
                .left(|| "the list cannot be shown though all is well".to_owned());
        }
        for r in 0..self.rooms.len() {
            let archive = self.kv.truth(r, self.now);
            let listed = self.listed(r, self.list_shards);
            let places = self
                .shards
                .iter_mut()
                .filter_map(|shard| shard.shown(self.ids[r].as_str()));
            if places.count() > 1 {
                self.judge.listed_twice(r);
            }
            self.judge.ended(r, archive.as_deref(), listed.as_deref());
            let room = &self.rooms[r];
            if room.durable != Default::default() || room.alarm_runs {
                let left = room.durable.clone();
                self.judge.left(|| format!("room {r} still holds {left:?}"));
            }
            if self.rooms[r].sockets.values().any(|socket| socket.is_open) {
                self.judge.left(|| format!("room {r} still has open sockets"));
            }
        }
        for c in 0..self.clients.len() {
            if self.clients[c].as_ref().is_some_and(Client::has_timer) {
                self.judge.left(|| format!("client {c} still has a timer"));
            }
        }
        if self.fault != Some(Fault::RetentionNeverEnds) {
            let now = self.now + 1;
            for shard in &mut self.shards {
                shard.expire(now);
            }
        }
        let is_left = self.shards.iter_mut().any(|shard| shard.expire(0));
        if is_left {
            self.judge
                .left(|| "the list still shows what has outlived the archive".to_owned());
        }
    }
}
