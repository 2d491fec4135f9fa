//! What goes wrong, and when all is well again.

use transfer_status_protocol::session::Hint;

use super::{Ev, World};
use crate::isolate::Queue;
use crate::plan::What;

impl World {
    pub(crate) fn strike(&mut self, n: usize) {
        let what = self.plan.strikes[n].what.clone();
        self.note(|| format!("{what:?}"));
        let now = self.now;
        match what {
            What::Reset(c) => self.links_fail(c, true),
            What::HalfOpen(c) => self.links_fail(c, false),
            What::Offline(c, ms) => {
                if let Some(client) = &mut self.clients[c] {
                    client.offline_until = now + ms;
                    self.hint(c, Hint::Offline);
                    self.after(
                        ms,
                        Ev::Hint {
                            client: c,
                            hint: Hint::Online,
                        },
                    );
                }
            }
            What::Partition(ms) => self.partition_until = now + ms,
            What::SlowNetwork(latency, ms) => self.slow_network = (latency, now + ms),
            What::Sleep(c, ms) => self.sleep(c, ms),
            What::ClientClock(c, by) => self.clock_steps(c, by),
            What::Hint(c, kind) => {
                let hint = match kind {
                    0 => Hint::Online,
                    1 => Hint::Visible,
                    2 => Hint::NetworkChanged,
                    3 => Hint::Foreground,
                    _ => Hint::Offline,
                };
                self.hint(c, hint);
            }
            What::Evict(r) => self.evict(r),
            What::Break(r) => self.break_room(r),
            What::BreakInEvent(r) => self.rooms[r].breaks_next = true,
            What::ServerClock(r, by) => self.rooms[r].skew = by,
            What::AlarmsLate(ms) => {
                self.alarms_late = (ms, now + 600_000);
                self.latest_alarm = self.latest_alarm.max(ms);
            }
            What::AlarmAgain(r) => self.on_alarm(r),
            What::Deploy => self.deploy(self.list_shards),
            What::Reshard(shards) => self.deploy(shards),
            What::KvDown(ms) => self.kv.down_until = now + ms,
            What::KvHangs(ms) => self.kv.hangs_until = now + ms,
            What::KvSlow(delay, ms) => self.kv.slow = (delay, now + ms),
            What::KvLosesNext => self.kv.loses_next = true,
            What::KvBusy(ms) => self.kv.busy_until = now + ms,
            What::ShardDown(s, ms) => self.shards[usize::from(s)].down_until = now + ms,
            What::ShardBreaks(s) => self.shards[usize::from(s)].break_down(),
            What::Look => self.look(),
            What::RotateKeys => self.key = (self.key + 1).min(self.keys.len() - 1),
        }
    }

    /// Every object ends, and what isolates share with them. Where the list is spread otherwise from here on, some rooms
    /// know that only a little later.
    pub(crate) fn deploy(&mut self, shards: u16) {
        self.deploys.push(self.now);
        let is_spread_anew = std::mem::replace(&mut self.list_shards, shards) != shards;
        for r in 0..self.rooms.len() {
            if is_spread_anew && !self.is_healed && self.rng.u8(..3) == 0 {
                let after = self.rng.i64(1..20_000);
                self.after(after, Ev::JoinsDeploy { room: r });
                continue;
            }
            self.break_room(r);
            self.rooms[r].is_old = false;
            self.rooms[r].shards = shards;
        }
        for shard in &mut self.shards {
            shard.break_down();
        }
        for queue in &mut self.queues {
            *queue = Queue::default();
        }
        self.senders.fill(None);
    }

    pub(crate) fn heal(&mut self) {
        self.note(|| "all is well from here on".to_owned());
        self.is_healed = true;
        self.partition_until = 0;
        self.slow_network = (0, 0);
        self.alarms_late.1 = 0;
        self.kv.heal();
        for shard in &mut self.shards {
            shard.down_until = 0;
        }
        if self.plan.begins_old {
            self.deploy(self.list_shards);
        }
        for c in 0..self.clients.len() {
            if let Some(client) = &mut self.clients[c] {
                client.offline_until = 0;
                client.frozen_until = self.now;
                self.hint(c, Hint::Resume);
            }
        }
    }
}
