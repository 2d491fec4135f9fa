//! Many lives with kills, evictions, deploys and rollbacks, bad days of KV, hours that pass and clocks that are set, at
//! random from a seed: what was acknowledged is what everybody reads in the end, and a year later.
//!
//! `LIVES_SEED=… LIVES=1000 cargo test -p transfer-status-e2e --test archive lives -- --nocapture` has the same order of
//! things again, though not the same races.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::block_in_place;
use transfer_status_e2e::Release::{Before, This};
use transfer_status_e2e::{Options, Release, Said, Server, Sockets};

use crate::{DAY, HOUR, MINUTE, pass};

const ROUNDS: usize = 40;
const STATUSES: [&str; 8] = [
    "pending",
    "pending",
    "processing",
    "processing",
    "processing",
    "completed",
    "failed",
    "cancelled",
];
/// The list is brought up to date by alarms; so many rooms on a busy machine need some time.
const LISTED_WITHIN: Duration = Duration::from_secs(60);

/// What PROTOCOL.md promises of one transfer, from what was acknowledged.
#[derive(Default)]
struct Model {
    /// "A final status never changes": the first one that was acknowledged.
    end: Option<&'static str>,
    /// `processing → pending` is refused, and where the archive is away and the one is not known, it does not undo it.
    is_processing: bool,
    /// The message of the last acknowledged change, which a field that is given replaces.
    message: Option<String>,
}

impl Model {
    fn acknowledged(&mut self, status: &'static str, message: String) {
        if self.end.is_some() {
            // Taken while the archive, which has the end, was away: that wins.
            return;
        }
        match status {
            "pending" => {}
            "processing" => self.is_processing = true,
            _ => self.end = Some(status),
        }
        self.message = Some(message);
    }

    /// The status that everybody is to read; `None` where nothing was acknowledged.
    fn status(&self) -> Option<&'static str> {
        match (self.end, self.is_processing, &self.message) {
            (Some(end), ..) => Some(end),
            (None, true, _) => Some("processing"),
            (None, false, Some(_)) => Some("pending"),
            (None, false, None) => None,
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// The weather, and what is running.
struct Play {
    server: Server,
    random: fastrand::Rng,
    lives: BTreeMap<String, Model>,
    worker: Release,
    objects: Release,
    happened: BTreeMap<&'static str, usize>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_what_was_acknowledged_is_what_everybody_reads() {
    let seed = number("LIVES_SEED").unwrap_or_else(|| fastrand::u64(..));
    let count = usize::try_from(number("LIVES").unwrap_or(80)).unwrap();
    println!("LIVES_SEED={seed} LIVES={count}");
    let began = Instant::now();
    let options = Options::default().with_instruments();
    let mut play = Play {
        server: Server::start(options.with_release_before(This, This)),
        random: fastrand::Rng::with_seed(seed),
        lives: (0..count)
            .map(|n| (format!("life-{n}"), Model::default()))
            .collect(),
        worker: This,
        objects: This,
        happened: BTreeMap::new(),
    };
    for round in 0..ROUNDS {
        play.report(count * 6 / ROUNDS, round).await;
        play.disturb().await;
    }
    play.deploy(This, This).await;
    play.server.faults(&well()).await;
    for id in play.lives.keys() {
        // Objects that nobody has woken since a restart are out of reach of the clock.
        play.server.payment_named(id).read().await;
    }
    pass(&play.server, 16 * MINUTE, 6).await;
    pass(&play.server, DAY, 3).await;
    play.all_is_as_acknowledged().await;
    pass(&play.server, 60 * DAY, 6).await;
    play.all_is_as_acknowledged().await;
    let ended = play.lives.values().filter(|model| model.end.is_some()).count();
    println!(
        "{:.0} s, {ended} of {count} came to an end, {:?}",
        began.elapsed().as_secs_f64(),
        play.happened
    );
}

fn well() -> Value {
    json!({ "archive": {
        "get": "ok", "put": "ok", "getMs": 0, "putMs": 0, "stale": false, "busy": false
    } })
}

impl Play {
    fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    /// So many updates of lives at random. Each answer is 200, 409, or "come back".
    async fn report(&mut self, updates: usize, round: usize) {
        for number in 0..updates {
            let life = self.random.usize(..self.lives.len());
            let status = *self.random.choice(&STATUSES).unwrap();
            let message = format!("{round}-{number}");
            let (id, model) = self.lives.iter_mut().nth(life).unwrap();
            let payment = self.server.payment_named(id);
            let fields = format!(r#""status":"{status}","message":"{message}""#);
            let mut answer = payment.post(&fields).await;
            if answer.status == 503 {
                assert_ne!(answer.header("retry-after"), "", "{id}: {}", answer.body);
                *self.happened.entry("come back").or_default() += 1;
                answer = payment.post(&fields).await;
            }
            match answer.status {
                200 => model.acknowledged(status, message),
                409 => {
                    answer.is_error(409, "conflict");
                    let is_back = status == "pending" && model.is_processing;
                    assert!(model.end.is_some() || is_back, "{id}: {}", answer.body);
                }
                // What asks to come back twice may be stored or not: nothing was acknowledged.
                _ => {
                    answer.is_error(503, "unavailable");
                }
            }
        }
    }

    async fn disturb(&mut self) {
        // The release before has its own ways with bad days, which no later one can mend: while its objects run, KV is
        // well and nothing is killed.
        let most = if self.objects == This { 10 } else { 4 };
        match self.random.u32(..most) {
            0 => self.evict_some().await,
            1 => {
                self.note("minutes pass");
                pass(&self.server, self.random.u32(1..20) * MINUTE, 2).await;
            }
            2 => {
                self.note("hours pass");
                pass(&self.server, self.random.u32(1..30) * HOUR, 2).await;
            }
            3 => self.deploy_something().await,
            4 | 5 => {
                self.note("kv is unwell");
                let random = &mut self.random;
                let get = random.choice(["ok", "ok", "fail"]).unwrap();
                let put = random.choice(["ok", "fail", "lose"]).unwrap();
                let (stale, busy) = (random.bool(), random.bool());
                let (get_ms, put_ms) = (random.u32(..30), random.u32(..200));
                let faults = json!({ "archive": {
                    "get": get, "put": put, "getMs": get_ms, "putMs": put_ms, "stale": stale, "busy": busy
                } });
                self.server.faults(&faults).await;
            }
            6 => {
                self.note("kv is well");
                self.server.faults(&well()).await;
            }
            7 => {
                self.note("the clock is set");
                let most = 600_000;
                let step = self.random.i64(-most..most);
                self.server.step_clock(step).await;
            }
            _ => {
                self.note("killed");
                // In the middle of what follows from an update.
                tokio::time::sleep(Duration::from_millis(self.random.u64(..40))).await;
                block_in_place(|| {
                    self.server.kill();
                    self.server.restart();
                });
            }
        }
    }

    async fn evict_some(&mut self) {
        self.note("evicted");
        for id in self.lives.keys() {
            if self.random.bool() {
                block_in_place(|| self.server.evict(&id.parse().unwrap(), Sockets::Hibernate));
            }
        }
    }

    async fn deploy_something(&mut self) {
        let release = |random: &mut fastrand::Rng| if random.bool() { This } else { Before };
        let (worker, objects) = (release(&mut self.random), release(&mut self.random));
        if objects == Before && self.objects == This {
            // Nobody rolls back while the archive is away, or before what came meanwhile was reconciled (DEPLOY.md).
            self.server.faults(&well()).await;
            for id in self.lives.keys() {
                self.server.payment_named(id).read().await;
            }
            pass(&self.server, 16 * MINUTE, 3).await;
        }
        self.deploy(worker, objects).await;
    }

    async fn deploy(&mut self, worker: Release, objects: Release) {
        self.note("deployed");
        self.server.deploy(worker, objects).await;
        if objects != self.objects {
            for id in self.lives.keys() {
                block_in_place(|| self.server.evict(&id.parse().unwrap(), Sockets::Close));
            }
            for shard in 0..8 {
                block_in_place(|| self.server.evict_shard(shard));
            }
        }
        (self.worker, self.objects) = (worker, objects);
    }

    /// A reader, a late update, a late watcher and the list agree with the model.
    async fn all_is_as_acknowledged(&self) {
        for (id, model) in &self.lives {
            let payment = self.server.payment_named(id);
            block_in_place(|| self.server.evict(&payment.id, Sockets::Hibernate));
            let read = payment.read().await.json();
            let Some(status) = model.status() else {
                continue;
            };
            assert_eq!(read["status"], status, "{id}: {read}");
            assert_eq!(read["message"].as_str(), model.message.as_deref(), "{id}: {read}");
            let mut watcher = payment.socket().await;
            match watcher.next().await {
                Said::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(frame["transfer"], read, "{id}");
                }
                closed => panic!("{id}: {closed:?}"),
            }
            if let Some(end) = model.end {
                assert_eq!(watcher.next().await, Said::Closed(1000), "{id}");
                let contrary = if end == "failed" { "completed" } else { "failed" };
                let late = payment.post(&format!(r#""status":"{contrary}""#)).await;
                late.is_error(409, "conflict");
                assert_eq!(late.json()["transfer"], read);
            }
        }
        let deadline = Instant::now() + LISTED_WITHIN;
        loop {
            let wrong = self.listed_wrongly().await;
            if wrong.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "the list is wrong of {wrong:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Of which transfers the list does not show one entry, as they stand.
    async fn listed_wrongly(&self) -> Vec<String> {
        let mut shown: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for transfer in self.server.recent().await {
            let id = transfer["id"].as_str().unwrap().to_owned();
            shown.entry(id).or_default().push(transfer);
        }
        let reported = self.lives.iter().filter_map(|(id, model)| {
            let status = model.status()?;
            let places = shown.get(id).map(Vec::as_slice).unwrap_or_default();
            let is_right = matches!(places, [one] if one["status"] == status);
            (!is_right).then(|| format!("{id}, {status}: {places:?}"))
        });
        reported.collect()
    }
}
