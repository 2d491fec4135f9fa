//! What happens in a world: all of it is drawn from a seed, as lists, so that a part of it can be left out.

mod trouble;

use fastrand::Rng;

/// Milliseconds.
pub(crate) type Ms = i64;

/// The world begins here, in Unix milliseconds.
pub(crate) const START: Ms = 1_700_000_000_000;

/// A world, before it happens.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it was drawn from; what is not planned is drawn from it as the world goes.
    pub seed: u64,
    pub(crate) transfers: usize,
    pub(crate) shards: u16,
    pub(crate) latency: Ms,
    /// KV shows at a place what it has read there, also that there was nothing, for a minute.
    pub(crate) kv_caches: bool,
    /// What rooms say and keep is that of the release before, until a deploy.
    pub(crate) begins_old: bool,
    pub(crate) is_storm: bool,
    pub(crate) updates: Vec<Update>,
    pub(crate) clients: Vec<Client>,
    pub(crate) strikes: Vec<Strike>,
    pub(crate) deletions: Vec<Deletion>,
    /// Transfers that are deleted when all has ended.
    pub(crate) deleted_last: Vec<usize>,
}

/// The admin has a transfer deleted, and asks again until that is done.
#[derive(Debug, Clone)]
pub(crate) struct Deletion {
    pub(crate) at: Ms,
    pub(crate) transfer: usize,
}

/// A report of a backend, sent until it is answered.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) at: Ms,
    pub(crate) transfer: usize,
    pub(crate) status: &'static str,
    pub(crate) message: Option<u32>,
    pub(crate) if_version: Option<u64>,
    /// It arrives a second time, so much later.
    pub(crate) again: Option<Ms>,
}

/// What kind of host a session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A tab of this browser, with a socket of its own: it is told when it is put aside and taken up again.
    Page(usize),
    /// It sleeps when nobody looks.
    Phone,
    /// It is up all the time.
    Terminal,
}

/// A session.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) at: Ms,
    pub(crate) transfer: usize,
    pub(crate) kind: Kind,
    /// How long its signatures are good for, in seconds.
    pub(crate) lifetime: i64,
    pub(crate) can_refresh: bool,
    /// Its signature was made with no key of the service.
    pub(crate) is_forged: bool,
    /// Its network lets no socket through.
    pub(crate) only_polls: bool,
}

/// Something goes wrong.
#[derive(Debug, Clone)]
pub(crate) struct Strike {
    pub(crate) at: Ms,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Reset(usize),
    HalfOpen(usize),
    Offline(usize, Ms),
    Partition(Ms),
    SlowNetwork(Ms, Ms),
    Sleep(usize, Ms),
    ClientClock(usize, Ms),
    Hint(usize, u8),
    Evict(usize),
    Break(usize),
    /// The next event that writes in this room ends with the object, before it is durable.
    BreakInEvent(usize),
    ServerClock(usize, Ms),
    AlarmsLate(Ms),
    AlarmAgain(usize),
    Deploy,
    /// A deploy that spreads the list over so many shards.
    Reshard(u16),
    KvDown(Ms),
    KvHangs(Ms),
    KvSlow(Ms, Ms),
    KvLosesNext,
    KvBusy(Ms),
    ShardDown(u16, Ms),
    ShardBreaks(u16),
    Look,
    RotateKeys,
}

impl What {
    /// Which client it strikes.
    pub(crate) fn client(&self) -> Option<usize> {
        match self {
            Self::Reset(client)
            | Self::HalfOpen(client)
            | Self::Offline(client, _)
            | Self::Sleep(client, _)
            | Self::ClientClock(client, _)
            | Self::Hint(client, _) => Some(*client),
            _ => None,
        }
    }
}

const FINAL: [&str; 3] = ["completed", "failed", "cancelled"];

impl Plan {
    /// The world of this seed. One in a few hundred is a storm.
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x51D);
        if seed % 1_000 == 999 {
            return Self::storm(seed, if seed % 50_000 == 49_999 { 10_000 } else { 1_000 });
        }
        let transfers = rng.usize(1..=3);
        let span = *rng
            .choice([60_000, 180_000, 600_000, 1_200_000])
            .as_ref()
            .unwrap_or(&60_000);
        let mut plan = Self {
            seed,
            transfers,
            shards: rng.u16(1..=2),
            latency: rng.i64(2..120),
            kv_caches: rng.bool(),
            begins_old: rng.u8(..4) == 0,
            is_storm: false,
            updates: Vec::new(),
            clients: Vec::new(),
            strikes: Vec::new(),
            deletions: Vec::new(),
            deleted_last: Vec::new(),
        };
        for transfer in 0..transfers {
            plan.draw_updates(&mut rng, transfer, span);
        }
        match rng.u8(..10) {
            0 | 1 => plan.draw_late_life(&mut rng),
            2 => plan.draw_late_end(&mut rng),
            _ => {}
        }
        let browsers = rng.usize(1..=2);
        for _ in 0..rng.usize(1..=8) {
            let kind = match rng.u8(..4) {
                0 | 1 => Kind::Page(rng.usize(..browsers)),
                2 => Kind::Phone,
                _ => Kind::Terminal,
            };
            plan.clients.push(Client {
                at: rng.i64(0..span),
                transfer: rng.usize(..transfers),
                kind,
                lifetime: if rng.u8(..3) == 0 {
                    rng.i64(20..200)
                } else {
                    86_400
                },
                can_refresh: rng.u8(..4) > 0,
                is_forged: rng.u8(..16) == 0,
                only_polls: rng.u8(..10) == 0,
            });
        }
        let strikes = if rng.u8(..8) == 0 { 0 } else { rng.usize(1..=16) };
        for _ in 0..strikes {
            let at = rng.i64(0..span + 400_000);
            let what = plan.draw_strike(&mut rng);
            plan.strikes.push(Strike { at, what });
        }
        plan.draw_deletions(&mut rng, span);
        if rng.u8(..6) == 0 || (!plan.deletions.is_empty() && rng.bool()) {
            plan.draw_spread(&mut rng, span);
        }
        plan
    }

    fn draw_updates(&mut self, rng: &mut Rng, transfer: usize, span: Ms) {
        let mut at = rng.i64(0..span / 2 + 1);
        let count = rng.usize(1..=5);
        let mut stage = 0;
        for n in 0..count {
            let status = match (n + 1 == count && rng.u8(..4) > 0, stage, rng.bool()) {
                (true, ..) => FINAL[rng.usize(..3)],
                (_, 0, false) => "pending",
                _ => {
                    stage = 1;
                    "processing"
                }
            };
            self.updates.push(Update {
                at,
                transfer,
                status,
                message: rng.bool().then(|| rng.u32(..1_000)),
                if_version: (rng.u8(..6) == 0).then_some(n as u64),
                again: (rng.u8(..5) == 0).then(|| rng.i64(1..60_000)),
            });
            // Some go on after the hour in which a quiet transfer is archived.
            at += match rng.u8(..12) {
                0 => 3_900_000 + rng.i64(0..1_200_000),
                1 => rng.i64(0..200),
                _ => rng.i64(0..span / 3 + 1),
            };
        }
    }

    fn last_of(&self, transfer: usize) -> Ms {
        let own = self.updates.iter().filter(|update| update.transfer == transfer);
        own.map(|update| update.at).max().unwrap_or(0)
    }

    fn draw_report(&mut self, at: Ms, transfer: usize, status: &'static str) {
        let update = Update {
            at,
            transfer,
            status,
            message: None,
            if_version: None,
            again: None,
        };
        self.updates.push(update);
    }

    /// Everybody watches one transfer when a deploy drops every socket.
    fn storm(seed: u64, clients: usize) -> Self {
        let update = |at, status| Update {
            at,
            transfer: 0,
            status,
            message: None,
            if_version: None,
            again: None,
        };
        let client = |n| Client {
            at: (n % 20_000) as Ms,
            transfer: 0,
            kind: Kind::Terminal,
            lifetime: 86_400,
            can_refresh: false,
            is_forged: false,
            only_polls: false,
        };
        Self {
            seed,
            transfers: 1,
            shards: 1,
            latency: 30,
            kv_caches: false,
            begins_old: false,
            is_storm: true,
            updates: vec![
                update(0, "pending"),
                update(31_000, "processing"),
                update(90_000, "completed"),
            ],
            clients: (0..clients).map(client).collect(),
            strikes: vec![Strike {
                at: 40_000,
                what: What::Deploy,
            }],
            deletions: Vec::new(),
            deleted_last: Vec::new(),
        }
    }

    /// When all has been said and all has gone wrong that was planned.
    pub(crate) fn end(&self) -> Ms {
        let updates = self
            .updates
            .iter()
            .map(|update| update.at + update.again.unwrap_or(0));
        let strikes = self.strikes.iter().map(|strike| strike.at);
        let clients = self.clients.iter().map(|client| client.at);
        let deletions = self.deletions.iter().map(|deletion| deletion.at);
        updates
            .chain(strikes)
            .chain(clients)
            .chain(deletions)
            .max()
            .unwrap_or(0)
            + 1_000
    }

    /// How much is in it.
    pub fn size(&self) -> usize {
        self.updates.len() + self.clients.len() + self.strikes.len() + self.deletions.len()
    }
}
