//! What goes wrong in a plan, drawn from its seed: by chance, or all of it at the worst moment.

use fastrand::Rng;

use super::{Deletion, FINAL, Ms, Plan, Strike, What};

impl Plan {
    /// Some come while the transfer is reported, some when it is archived, and some beside other trouble.
    pub(super) fn draw_deletions(&mut self, rng: &mut Rng, span: Ms) {
        if rng.u8(..3) > 0 {
            return;
        }
        for _ in 0..rng.usize(1..=2) {
            let transfer = rng.usize(..self.transfers);
            let at = match rng.u8(..4) {
                0 => self.last_of(transfer) + rng.i64(0..3_000),
                1 => self.last_of(transfer) + rng.i64(0..6_000_000),
                _ => rng.i64(0..span + 60_000),
            };
            self.deletions.push(Deletion { at, transfer });
            if rng.bool() {
                // A report that was under way, or a new life.
                let status = if rng.bool() {
                    "processing"
                } else {
                    FINAL[rng.usize(..3)]
                };
                self.draw_report(at + rng.i64(-100..20_000).max(-at), transfer, status);
            }
            let away = *rng.choice([3_000, 30_000, 400_000]).as_ref().unwrap_or(&3_000);
            let shard = rng.u16(..self.shards);
            let what = match rng.u8(..7) {
                0 => What::KvDown(away),
                1 => What::KvSlow(rng.i64(300..9_000), away),
                2 => What::ShardDown(shard, away),
                3 => What::BreakInEvent(transfer),
                4 => What::KvBusy(away),
                5 => {
                    self.draw_life_in_the_past(at, transfer);
                    continue;
                }
                _ => continue,
            };
            self.strikes.push(Strike {
                at: (at - rng.i64(0..1_500)).max(0),
                what,
            });
        }
        if rng.bool() {
            self.deleted_last.push(rng.usize(..self.transfers));
        }
    }

    /// The room's clock is set back beside a deletion: what comes after it seems to be older than what was before.
    pub(super) fn draw_life_in_the_past(&mut self, at: Ms, transfer: usize) {
        for (at, by) in [(at - 2_000, 2_900), (at + 300, -2_900)] {
            let (at, what) = (at.max(0), What::ServerClock(transfer, by));
            self.strikes.push(Strike { at, what });
        }
        self.draw_report((at - 500).max(0), transfer, "processing");
        self.draw_report(at + 600, transfer, "processing");
    }

    /// The list is spread over other numbers of shards while somebody looks, and some of them have trouble.
    pub(super) fn draw_spread(&mut self, rng: &mut Rng, span: Ms) {
        for _ in 0..rng.usize(1..=3) {
            let mut at = rng.i64(0..span + 60_000);
            let what = What::Reshard(rng.u16(1..=4));
            self.strikes.push(Strike { at, what });
            for _ in 0..rng.usize(1..=4) {
                at += rng.i64(0..15_000);
                let shard = rng.u16(..4);
                let what = match rng.u8(..6) {
                    0 => What::ShardDown(shard, 5_000),
                    1 => What::ShardBreaks(shard),
                    _ => What::Look,
                };
                self.strikes.push(Strike { at, what });
            }
        }
    }

    pub(super) fn draw_strike(&self, rng: &mut Rng) -> What {
        let client = rng.usize(..self.clients.len());
        let room = rng.usize(..self.transfers);
        let shard = rng.u16(..self.shards);
        let pause = *rng.choice([500, 5_000, 20_000, 70_000]).as_ref().unwrap_or(&500);
        match rng.u8(..26) {
            0 => What::Reset(client),
            1 => What::HalfOpen(client),
            2 => What::Offline(client, pause),
            3 => What::Partition(pause),
            4 => What::SlowNetwork(rng.i64(200..4_000), pause),
            5 => What::Sleep(client, pause * 4),
            6 => What::ClientClock(client, rng.i64(-40_000..40_000)),
            7 | 8 => What::Hint(client, rng.u8(..5)),
            9 => What::Evict(room),
            10 => What::Break(room),
            11 | 12 => What::BreakInEvent(room),
            13 => What::ServerClock(room, rng.i64(-3_000..3_000)),
            14 => What::AlarmsLate(rng.i64(1_000..120_000)),
            15 => What::AlarmAgain(room),
            16 if rng.bool() => What::Reshard(rng.u16(1..=4)),
            16 => What::Deploy,
            17 => What::KvDown(pause * 2),
            18 => What::KvHangs(pause),
            19 => What::KvSlow(rng.i64(300..9_000), pause),
            20 => What::KvLosesNext,
            21 => What::KvBusy(pause),
            22 => What::ShardDown(shard, pause),
            23 => What::ShardBreaks(shard),
            24 => What::Look,
            _ => What::RotateKeys,
        }
    }

    /// A room has long emptied when a report comes late, and the archive does not answer.
    pub(super) fn draw_late_life(&mut self, rng: &mut Rng) {
        let transfer = rng.usize(..self.transfers);
        let at = self.last_of(transfer) + 6_000_000 + rng.i64(0..600_000);
        for n in 0..rng.i64(1..=3) {
            let status = if rng.u8(..3) == 0 {
                FINAL[rng.usize(..3)]
            } else {
                "processing"
            };
            self.draw_report(at + n * 3_000, transfer, status);
        }
        let away = rng.i64(5_000..40_000);
        let what = if rng.bool() {
            What::KvDown(away)
        } else {
            What::KvHangs(away)
        };
        self.strikes.push(Strike { at: at - 2_000, what });
        if rng.bool() {
            let what = What::Break(transfer);
            self.strikes.push(Strike {
                at: at + rng.i64(0..90_000),
                what,
            });
        }
    }

    /// The end comes when the transfer was just archived as quiet, and the object ends before it is archived anew.
    pub(super) fn draw_late_end(&mut self, rng: &mut Rng) {
        let transfer = rng.usize(..self.transfers);
        let at = self.last_of(transfer) + rng.i64(3_610_000..4_900_000);
        self.draw_report(at, transfer, FINAL[rng.usize(..3)]);
        self.strikes.push(Strike {
            at: at - 1_000,
            what: What::KvSlow(2_000, 30_000),
        });
        self.strikes.push(Strike {
            at: at + rng.i64(100..1_900),
            what: What::Break(transfer),
        });
    }
}
