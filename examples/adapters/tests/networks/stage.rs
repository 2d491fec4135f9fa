//! What one story has to work with: a proxy, a payment on the real server, a watch in one client, and waiting.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use transfer_status::Status;

use crate::adapter::Adapter;
use crate::changes::{Changes, locked};
use crate::proxy::{Proxy, Way};
use crate::server::Backend;
use crate::tls::{Certificate, TlsEnd};
use crate::told::Witness;
use crate::watch::Watch;

/// How much later than asked for a thing may happen on a machine that has far more to do than it can.
const LATE: Duration = Duration::from_secs(20);

/// One story's own stage.
pub(crate) struct Stage {
    pub(crate) adapter: Arc<Adapter>,
    changes: Changes,
    witnesses: Mutex<Vec<Witness>>,
}

/// One payment, and who watches it through a network of its own.
pub(crate) struct Paying {
    pub(crate) backend: Backend,
    pub(crate) proxy: Proxy,
    pub(crate) watch: Watch,
    /// The versions that were reported while a watch that was live must have been told each.
    pub(crate) owed: Mutex<Vec<u64>>,
}

impl Stage {
    pub(crate) fn new(adapter: Arc<Adapter>) -> Self {
        Self {
            adapter,
            changes: Changes::new(),
            witnesses: Mutex::default(),
        }
    }

    /// A pending payment, watched over a network that is like this from the start.
    pub(crate) async fn paying(&self, way: Way) -> Result<Paying> {
        self.paying_by(way, Proxy::url).await
    }

    /// The same at the address that `url` gives.
    pub(crate) async fn paying_by(&self, way: Way, url: fn(&Proxy) -> String) -> Result<Paying> {
        let begun = self.begun(Proxy::start(way)?).await?;
        let url = url(&begun.1);
        self.watched(begun, url)
    }

    /// The same over TLS: the network carries what it cannot read, and the certificate is the one of the end behind it.
    pub(crate) async fn paying_over_tls(&self, way: Way, shown: Certificate) -> Result<(Paying, TlsEnd)> {
        let end = TlsEnd::start(shown)?;
        let begun = self.begun(Proxy::before(end.address(), way)?).await?;
        let url = begun.1.tls_url();
        Ok((self.watched(begun, url)?, end))
    }

    /// A pending payment that nobody watches yet, behind `proxy`.
    pub(crate) async fn begun(&self, proxy: Proxy) -> Result<(Backend, Proxy, u64)> {
        let backend = Backend::new()?;
        let first = backend.report(Status::Pending, "begun").await?;
        Ok((backend, proxy, first))
    }

    /// The payment, watched at `url`.
    pub(crate) fn watched(
        &self,
        (backend, proxy, first): (Backend, Proxy, u64),
        url: String,
    ) -> Result<Paying> {
        let (name, listener) = self.adapter.listen(self.changes.clone());
        let signature = backend.signature()?;
        self.adapter.keep_secret(&signature);
        locked(&self.witnesses).push(Witness {
            listener: listener.clone(),
            signature: None,
        });
        self.adapter.send(json!({
            "cmd": "watch", "watch": name, "url": url, "transferId": backend.id.as_str(),
            "signature": signature, "refresh": false,
        }));
        Ok(Paying {
            backend,
            proxy,
            watch: Watch::new(Arc::clone(&self.adapter), name, listener),
            owed: Mutex::new(vec![first]),
        })
    }

    /// Waits for what has to be so within `limit` seconds and [`LATE`].
    pub(crate) async fn so(&self, limit: u64, wanted: &str, is_so: impl Fn() -> bool) -> Result<()> {
        let look = || is_so().then_some(());
        let limit = Duration::from_secs(limit) + LATE;
        self.changes.until(limit, wanted, look).await
    }

    /// Waits until the user has been shown this version.
    pub(crate) async fn shown(&self, paying: &Paying, limit: u64, version: u64) -> Result<()> {
        let wanted = format!("version {version}");
        self.so(limit, &wanted, || paying.watch.has_shown(version)).await
    }

    /// Reports a step of the payment, which the user has to be shown within `limit` seconds.
    pub(crate) async fn news(&self, paying: &Paying, limit: u64, message: &str) -> Result<()> {
        let version = paying.backend.report(Status::Processing, message).await?;
        locked(&paying.owed).push(version);
        self.shown(paying, limit, version).await
    }

    /// Waits until the user is told a problem of one of these kinds; a host that learns no causes has vaguer ones.
    pub(crate) async fn problem(&self, paying: &Paying, limit: u64, kinds: &[&str]) -> Result<Value> {
        let wanted = format!("a problem of the kind {}", kinds.join(" or "));
        let look = || kinds.iter().find_map(|kind| paying.watch.problem(kind));
        let limit = Duration::from_secs(limit) + LATE;
        let found = self.changes.until(limit, &wanted, look).await;
        found.with_context(|| format!("told were {:?}", paying.watch.problems()))
    }

    /// The payment ends: the user is told so within `limit` seconds, has been told all that was owed, each once, and no
    /// problem is left.
    pub(crate) async fn ends_well(&self, paying: &Paying, limit: u64) -> Result<()> {
        let last = paying.backend.report(Status::Completed, "paid").await?;
        locked(&paying.owed).push(last);
        self.so(limit, "the end", || paying.watch.closed().is_some())
            .await
            .with_context(|| format!("told were {:?}", paying.watch.problems()))?;
        let closed = paying.watch.closed().context("the end was told")?;
        ensure!(closed["outcome"] == "final", "the outcome is {closed}");
        let (owed, versions) = (locked(&paying.owed).clone(), paying.watch.versions());
        ensure!(
            versions == owed,
            "shown were the versions {versions:?}, and not {owed:?}"
        );
        let shown = paying.watch.shown();
        ensure!(
            shown.last().is_some_and(|last| last["status"] == "completed"),
            "the last one shown is not the end: {shown:?}"
        );
        let problems = paying.watch.problems();
        let left = problems.last().is_some_and(|last| !last["kind"].is_null());
        ensure!(!left, "a problem is left: {problems:?}");
        Ok(())
    }

    /// What holds whatever the story: see [`crate::told`].
    pub(crate) fn complaints(&self) -> Vec<String> {
        let witnesses = locked(&self.witnesses);
        witnesses.iter().flat_map(Witness::complaints).collect()
    }

    /// The events of all watches, for a reader who wants to know what happened.
    pub(crate) fn trace(&self) -> Vec<String> {
        let witnesses = locked(&self.witnesses);
        let told = witnesses
            .iter()
            .flat_map(|witness| locked(&witness.listener.told).clone());
        told.map(|told| format!("{:8.2} s ago {}", told.at.elapsed().as_secs_f32(), told.event))
            .collect()
    }
}
