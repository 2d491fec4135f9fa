//! What one story has to work with: servers, watches in one client, and waiting.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::adapter::Adapter;
use crate::changes::{Changes, locked};
use crate::rules;
use crate::secrets;
use crate::server::Server;
use crate::told::Witness;
use crate::watch::Watch;

/// How much later than asked for a thing may happen: 8 s, and more on a machine that has far more to do than it can.
pub(crate) fn late() -> Duration {
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f32);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f32 = load
        .split(' ')
        .next()
        .and_then(|minute| minute.parse().ok())
        .unwrap_or_default();
    Duration::from_secs_f32(8.0 * (load / cores / 4.0).clamp(1.0, 4.0))
}

/// A watch that is to be begun.
pub(crate) struct Wish {
    pub(crate) url: String,
    pub(crate) signature: Option<String>,
    pub(crate) refresh: bool,
    pub(crate) allow_plain_text: bool,
}

/// One story's own stage.
pub(crate) struct Stage {
    pub(crate) adapter: Arc<Adapter>,
    changes: Changes,
    transfer_id: String,
    witnesses: Mutex<Vec<Witness>>,
    servers: Mutex<Vec<Server>>,
}

impl Stage {
    pub(crate) fn new(adapter: Arc<Adapter>) -> Self {
        Self {
            adapter,
            changes: Changes::new(),
            transfer_id: format!("order-{:08x}", fastrand::u32(..)),
            witnesses: Mutex::default(),
            servers: Mutex::default(),
        }
    }

    pub(crate) async fn server(&self) -> Result<Server> {
        self.server_on(None).await
    }

    /// A server whose first snapshot is `pending`, version 1.
    pub(crate) async fn pending(&self) -> Result<Server> {
        let server = self.server().await?;
        server.holds(self.transfer(1, "pending"));
        Ok(server)
    }

    pub(crate) async fn server_on(&self, listener: Option<TcpListener>) -> Result<Server> {
        let server = Server::start(self.changes.clone(), listener).await?;
        locked(&self.servers).push(server.clone());
        Ok(server)
    }

    /// The story's transfer, as the service tells it: a minute newer with each version.
    pub(crate) fn transfer(&self, version: u64, status: &str) -> Value {
        self.transfer_of(
            version,
            status,
            &format!("2024-01-15T10:{:02}:00.000Z", version % 60),
        )
    }

    pub(crate) fn transfer_of(&self, version: u64, status: &str, updated_at: &str) -> Value {
        json!({"id": self.transfer_id, "status": status, "updatedAt": updated_at, "version": version})
    }

    pub(crate) fn signature(&self) -> String {
        secrets::signature(&self.transfer_id)
    }

    /// A watch with a signature and no way to get another.
    pub(crate) fn watch(&self, server: &Server) -> Watch {
        self.begin(self.wish(server))
    }

    /// A watch that can ask for signatures, and has one.
    pub(crate) fn watch_with_refresh(&self, server: &Server) -> Watch {
        let mut wish = self.wish(server);
        wish.refresh = true;
        self.begin(wish)
    }

    pub(crate) fn wish(&self, server: &Server) -> Wish {
        self.wish_at(server.url())
    }

    pub(crate) fn wish_at(&self, url: impl Into<String>) -> Wish {
        Wish {
            url: url.into(),
            signature: Some(self.signature()),
            refresh: false,
            allow_plain_text: false,
        }
    }

    pub(crate) fn begin(&self, wish: Wish) -> Watch {
        let (name, listener) = self.adapter.listen(self.changes.clone());
        let mut command = json!({
            "cmd": "watch", "watch": name, "url": wish.url, "transferId": self.transfer_id, "refresh": wish.refresh,
        });
        if let Some(signature) = &wish.signature {
            self.adapter.keep_secret(signature);
            command["signature"] = json!(signature);
        }
        if wish.allow_plain_text {
            command["allowPlainText"] = json!(true);
        }
        locked(&self.witnesses).push(Witness {
            listener: listener.clone(),
            signature: wish.signature,
        });
        self.adapter.send(command);
        Watch::new(Arc::clone(&self.adapter), name, listener)
    }

    /// What `look` gives, at the latest `limit` and [`late`] from now.
    pub(crate) async fn until<T>(
        &self,
        limit: f32,
        wanted: &str,
        look: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        self.changes.until(seconds(limit) + late(), wanted, look).await
    }

    /// Waits for what is either so or not.
    pub(crate) async fn so(&self, limit: f32, wanted: &str, is_so: impl Fn() -> bool) -> Result<()> {
        self.until(limit, wanted, || is_so().then_some(())).await
    }

    pub(crate) async fn never(&self, time: f32, unwanted: &str, happened: impl Fn() -> bool) -> Result<()> {
        self.changes.never(seconds(time), unwanted, happened).await
    }

    /// As [`Stage::so`] with no allowance for a busy machine, where that would let a wrong client pass.
    pub(crate) async fn changes_within(
        &self,
        limit: Duration,
        wanted: &str,
        is_so: impl Fn() -> bool,
    ) -> Result<()> {
        self.changes.until(limit, wanted, || is_so().then_some(())).await
    }

    /// Waits until the watch is live and has shown a status.
    pub(crate) async fn live(&self, watch: &Watch) -> Result<()> {
        let live = || watch.is("live") && !watch.shown().is_empty();
        self.so(5.0, "live with a status", live).await
    }

    /// Waits until the watch is live over its `n`th dial, from 1: an event before that dial says nothing.
    pub(crate) async fn live_over(&self, server: &Server, n: usize, watch: &Watch, limit: f32) -> Result<()> {
        let is_live = || {
            let dial = server.dials().get(n - 1).map(|dial| dial.at);
            dial.is_some_and(|at| watch.is_live_since(at))
        };
        self.so(limit, &format!("live over dial {n}"), is_live)
            .await
            .with_context(|| format!("the states are {:?}", watch.states()))
    }

    /// Waits for the `n`th dial, from 1, and says how long after `since` it was; no sooner than `earliest`.
    pub(crate) async fn dial(
        &self,
        server: &Server,
        n: usize,
        since: Instant,
        earliest: f32,
        latest: f32,
    ) -> Result<Duration> {
        let look = || server.dials().get(n - 1).map(|dial| dial.at);
        let left = seconds(latest).saturating_sub(since.elapsed());
        let at = self.until(left.as_secs_f32(), &format!("dial {n}"), look).await?;
        no_sooner(
            at.saturating_duration_since(since),
            earliest,
            &format!("dial {n}"),
        )
    }

    /// Waits for the end with the outcome `wanted`.
    pub(crate) async fn closed(&self, watch: &Watch, limit: f32, wanted: &str) -> Result<Value> {
        let closed = self
            .until(limit, &format!("the end ({wanted})"), || watch.closed())
            .await?;
        if closed["outcome"] != wanted {
            bail!("the outcome is {closed}, and not {wanted}");
        }
        Ok(closed)
    }

    /// Waits for a problem of one of `kinds`: a host that does not tell causes or statuses has another word for it.
    pub(crate) async fn problem(&self, watch: &Watch, limit: f32, kinds: &[&str]) -> Result<Value> {
        let wanted = format!("a problem of the kind {}", kinds.join(" or "));
        let look = || kinds.iter().find_map(|kind| watch.problem(kind));
        let found = self.until(limit, &wanted, look).await;
        found.map_err(|error| error.context(format!("told were {:?}", watch.problems())))
    }

    /// What holds whatever the story: see [`rules`].
    pub(crate) fn complaints(&self) -> Vec<String> {
        rules::complaints(&locked(&self.witnesses), &locked(&self.servers))
    }

    /// The events of all watches, for a reader who wants to know what happened.
    pub(crate) fn trace(&self) -> Vec<String> {
        let witnesses = locked(&self.witnesses);
        let mut told: Vec<_> = witnesses
            .iter()
            .flat_map(|witness| locked(&witness.listener.told).clone())
            .collect();
        told.sort_by_key(|told| told.at);
        let line = |told: &crate::adapter::Told| {
            format!("{:8.2} s ago {}", told.at.elapsed().as_secs_f32(), told.event)
        };
        told.iter().map(line).collect()
    }
}

pub(crate) fn seconds(seconds: f32) -> Duration {
    Duration::from_secs_f32(seconds.max(0.0))
}

/// `took`, unless it is less than `earliest` seconds. Its beginning must be before the client can have begun to count.
pub(crate) fn no_sooner(took: Duration, earliest: f32, what: &str) -> Result<Duration> {
    if took < seconds(earliest) {
        bail!(
            "{what}: after {:.3} s, and no sooner than {earliest} s is right",
            took.as_secs_f32()
        );
    }
    Ok(took)
}
