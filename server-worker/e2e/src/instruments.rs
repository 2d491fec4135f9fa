//! What a server with [`Options::with_instruments`](crate::Options::with_instruments) has counted, and the faults that
//! it can be told to have.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::answered;
use crate::payment::unix_seconds;
use crate::server::Server;
use crate::{soon, within};

/// A thousand objects on a busy machine take their time to move their alarms.
const CROWD_WITHIN: Duration = Duration::from_secs(60);

/// Counts since the start: what the platform bills.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Counts {
    /// The stateless Worker.
    pub worker: WorkerCounts,
    /// All rooms together.
    pub room: ObjectCounts,
    /// All shards of the recent index together.
    pub shard: ObjectCounts,
    /// The KV namespace.
    pub archive: ArchiveCounts,
    /// How often an object was asked for in a place: `<jurisdiction, or anywhere> <location hint, or near>`.
    pub places: BTreeMap<String, u64>,
}

/// Counts of the Worker.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct WorkerCounts {
    /// Requests and upgrades.
    pub requests: u64,
}

/// Counts of one class of Durable Objects.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectCounts {
    /// How often one was made, first or after a sleep.
    pub objects: u64,
    /// Calls: requests, upgrades, and those of a method of its own.
    pub fetches: u64,
    /// Of these, the updates that came by such a call.
    pub reports: u64,
    /// Alarms that came.
    pub alarms: u64,
    /// Messages of clients that were not answered by the platform itself.
    pub messages: u64,
    /// Sockets whose end was told.
    pub closes: u64,
    /// Rows read by SQL or by key.
    pub rows_read: u64,
    /// Rows written by SQL or by key, those of the schema too.
    pub rows_written: u64,
    /// Of these, the ones that `CREATE` wrote.
    pub schema_rows: u64,
    /// Alarms that were set.
    pub alarms_set: u64,
    /// Objects that deleted everything.
    pub emptied: u64,
    /// The rows that these held.
    pub rows_emptied: u64,
    /// The bytes of their databases.
    pub bytes_emptied: u64,
    /// For how long objects had something under way, in milliseconds.
    pub busy_ms: f64,
    /// What is under way: events, and what they left to be waited for. What an eviction cut off stays in it.
    pub running: i64,
}

/// Counts of the KV namespace.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ArchiveCounts {
    /// `get` calls.
    pub reads: u64,
    /// `put` calls, those that failed too.
    pub writes: u64,
    /// `delete` calls, those that failed too.
    pub deletes: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Bytes of what was put with success: key, value and what is kept beside it.
    pub bytes: u64,
    /// How often each key was written with success.
    pub written: BTreeMap<String, u64>,
}

impl Server {
    /// What was counted.
    ///
    /// # Panics
    /// When the server has no instruments.
    pub async fn instruments(&self) -> Counts {
        let answer = self.get("/-/instruments", &[]).await;
        serde_json::from_str(&answer.body).expect("the server was started with instruments")
    }

    /// Makes these parts fail from now on, `archive` and `index`, and all others work.
    ///
    /// # Panics
    /// When the server has no instruments.
    pub async fn fail(&self, parts: &[&str]) {
        self.faults(&json!({ "fail": parts })).await;
    }

    /// Gives these faults to the parts that are named, in the words of `xtask/tools/instruments.mjs`; all others stay
    /// as they are.
    ///
    /// # Panics
    /// When the server has no instruments.
    pub async fn faults(&self, faults: &Value) {
        soon(self.instruct(faults)).await;
    }

    async fn instruct(&self, what: &Value) {
        let answer = answered(&self.url(), "POST", "/-/instruments", &[], what.to_string()).await;
        assert_eq!(
            answer.status, 200,
            "{what}: the server was started with instruments"
        );
    }

    /// Lets time pass at once, as the Worker and its objects see it. Alarms whose time has come go off right after.
    ///
    /// # Panics
    /// When the server has no instruments.
    pub async fn advance(&self, by: Duration) {
        self.advance_apart(by, Duration::ZERO).await;
    }

    /// [`Server::advance`] with a pause between the alarms of two objects: all at once they would wait for each other.
    ///
    /// # Panics
    /// When the server has no instruments.
    pub async fn advance_apart(&self, by: Duration, apart: Duration) {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).expect("a time of this world");
        self.passed.fetch_add(milliseconds(by), Ordering::SeqCst);
        let advance = json!({ "advance": milliseconds(by), "apart": milliseconds(apart) });
        within(CROWD_WITHIN, self.instruct(&advance)).await;
    }

    /// Sets the server's clock forward or, never before this machine's, back; alarms come when they would have come.
    /// Gives by how many milliseconds it was set.
    ///
    /// # Panics
    /// When the server has no instruments.
    pub async fn step_clock(&self, milliseconds: i64) -> i64 {
        let before = self.passed.load(Ordering::SeqCst);
        let after = before.saturating_add_signed(milliseconds);
        self.passed.store(after, Ordering::SeqCst);
        let step = after.wrapping_sub(before).cast_signed();
        self.faults(&json!({ "step": step })).await;
        step
    }

    /// The time on the server, in Unix seconds.
    pub fn unix_seconds(&self) -> u64 {
        unix_seconds() + self.passed.load(Ordering::SeqCst) / 1_000
    }

    /// Sets variables and secrets under the running isolate; `null` unsets one.
    ///
    /// # Panics
    /// When the server has no instruments.
    pub async fn set_variables(&self, variables: Value) {
        let asked = json!({ "variables": variables }).to_string();
        let answer = self.request("POST", "/-/instruments", &[], asked).await;
        assert_eq!(answer.status, 200, "the server was started with instruments");
    }

    /// The data points that were written.
    ///
    /// # Panics
    /// When the server has no instruments.
    pub async fn points(&self) -> Vec<Value> {
        let answer = self.get("/-/instruments/points", &[]).await;
        serde_json::from_str(&answer.body).expect("the server was started with instruments")
    }

    /// How many rows and alarms rooms still store, of those that were awake since the start.
    ///
    /// # Panics
    /// When the server has no instruments.
    pub async fn left_in_rooms(&self) -> u64 {
        let answer = self.get("/-/instruments/left", &[]).await.json();
        let count = |name: &str| answer[name].as_u64().expect("the server has instruments");
        count("rows") + count("alarms")
    }

    /// The archive: what is kept beside each transfer, by its id.
    ///
    /// # Panics
    /// When the server has no instruments.
    pub async fn archive(&self) -> BTreeMap<String, Value> {
        let answer = self.get("/-/instruments/archive", &[]).await;
        let archive: BTreeMap<String, Value> =
            serde_json::from_str(&answer.body).expect("the server was started with instruments");
        let by_id = archive
            .into_iter()
            .map(|(key, kept)| (key.replacen("t/", "", 1), kept));
        by_id.collect()
    }
}
