//! One watch in a client: what its user has been told, and what its host can say to it.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::adapter::{Adapter, Listener, Told};
use crate::changes::locked;

/// A watch as the story sees it. Dropped, it ends in the client too.
pub(crate) struct Watch {
    pub(crate) name: String,
    adapter: Arc<Adapter>,
    listener: Listener,
}

impl Watch {
    pub(crate) fn new(adapter: Arc<Adapter>, name: String, listener: Listener) -> Self {
        Self {
            name,
            adapter,
            listener,
        }
    }

    /// All events so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        locked(&self.listener.told).clone()
    }

    fn each(&self, kind: &str) -> Vec<Value> {
        let told = self.told().into_iter().map(|told| told.event);
        told.filter(|event| event["event"] == kind).collect()
    }

    /// The states of the connection, in their order.
    pub(crate) fn states(&self) -> Vec<String> {
        let states = self.each("connection");
        states
            .iter()
            .filter_map(|event| event["state"].as_str().map(str::to_owned))
            .collect()
    }

    pub(crate) fn is(&self, state: &str) -> bool {
        self.states().last().is_some_and(|last| last == state)
    }

    /// Whether the last word on the connection is "live", and was heard after `since`.
    pub(crate) fn is_live_since(&self, since: Instant) -> bool {
        let last = self
            .told()
            .into_iter()
            .rfind(|told| told.event["event"] == "connection");
        last.is_some_and(|told| told.event["state"] == "live" && told.at >= since)
    }

    pub(crate) fn has_been(&self, state: &str) -> bool {
        self.states().iter().any(|been| been == state)
    }

    /// The transfers that the user was shown, in their order.
    pub(crate) fn shown(&self) -> Vec<Value> {
        self.each("status")
            .into_iter()
            .map(|mut event| event["transfer"].take())
            .collect()
    }

    /// The versions that the user was shown.
    pub(crate) fn versions(&self) -> Vec<u64> {
        self.shown()
            .iter()
            .filter_map(|transfer| transfer["version"].as_u64())
            .collect()
    }

    pub(crate) fn has_shown(&self, version: u64) -> bool {
        self.versions().contains(&version)
    }

    pub(crate) fn scans(&self) -> Vec<Value> {
        self.each("scan")
    }

    /// What the user was told of problems; the last one has the kind `null` when there is none any more.
    pub(crate) fn problems(&self) -> Vec<Value> {
        self.each("problem")
    }

    /// The newest problem of this kind that was told.
    pub(crate) fn problem(&self, kind: &str) -> Option<Value> {
        self.problems()
            .into_iter()
            .rfind(|problem| problem["kind"] == kind)
    }

    /// The ids of the questions for a fresh signature.
    pub(crate) fn questions(&self) -> Vec<u64> {
        self.each("refresh")
            .iter()
            .filter_map(|event| event["id"].as_u64())
            .collect()
    }

    /// The end, once it has come.
    pub(crate) fn closed(&self) -> Option<Value> {
        self.each("closed").pop()
    }

    /// The SDK's reason not to begin, if it has refused.
    pub(crate) fn rejected(&self) -> Option<String> {
        self.each("rejected")
            .pop()
            .map(|event| event["message"].to_string())
    }

    pub(crate) fn hint(&self, hint: &str) {
        self.adapter
            .send(json!({"cmd": "hint", "watch": self.name, "hint": hint}));
    }

    pub(crate) fn close(&self) {
        self.adapter.send(json!({"cmd": "close", "watch": self.name}));
    }

    /// Answers a question with a fresh signature.
    pub(crate) fn give(&self, question: u64, signature: &str) {
        self.adapter.keep_secret(signature);
        let answer = json!({"cmd": "signature", "watch": self.name, "id": question, "signature": signature});
        self.adapter.send(answer);
    }

    /// Answers a question with "not this time" and why, or with "there is none".
    pub(crate) fn withhold(&self, question: u64, outcome: &str, cause: &str) {
        self.adapter.send(json!({
            "cmd": "signature", "watch": self.name, "id": question, "outcome": outcome, "message": cause,
        }));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}
