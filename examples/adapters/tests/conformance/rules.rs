//! What must hold in every story, looked at after it.

use std::collections::HashSet;

use serde_json::Value;

use crate::adapter::Listener;
use crate::changes::locked;
use crate::server::{Seen, Server};

/// A watch that was begun, and what with.
pub(crate) struct Witness {
    pub(crate) listener: Listener,
    pub(crate) signature: Option<String>,
}

/// One line for each rule that was broken.
pub(crate) fn complaints(witnesses: &[Witness], servers: &[Server]) -> Vec<String> {
    let mut wrong = Vec::new();
    for witness in witnesses {
        let told = locked(&witness.listener.told);
        let events: Vec<&Value> = told.iter().map(|told| &told.event).collect();
        wrong.extend(order(&events));
        wrong.extend(end(&events));
        wrong.extend(problems(&events));
    }
    for server in servers {
        wrong.extend(server.dials().iter().flat_map(dial));
        wrong.extend(server.polls().iter().flat_map(poll));
    }
    // A signature in an address would be in every log of it on the way.
    for secret in witnesses
        .iter()
        .filter_map(|witness| witness.signature.as_deref())
    {
        let mac = secret.rsplit('.').next().unwrap_or(secret);
        for server in servers {
            let mut seen = server.dials();
            seen.extend(server.polls());
            if seen.iter().any(|seen| seen.request.target.contains(mac)) {
                wrong.push("a signature stands in an address".to_owned());
            }
        }
    }
    wrong
}

/// "Each version at most once, never an older one after a newer one." Of one record: a lower version with a later time
/// is a record begun anew.
fn order(events: &[&Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut newest: Option<(u64, &str)> = None;
    for transfer in events
        .iter()
        .filter(|event| event["event"] == "status")
        .map(|event| &event["transfer"])
    {
        let (Some(version), Some(time)) = (transfer["version"].as_u64(), transfer["updatedAt"].as_str())
        else {
            continue;
        };
        if let Some((before, time_before)) = newest {
            let begun_anew = version < before && time > time_before;
            if version <= before && !begun_anew {
                wrong.push(format!("version {version} was shown after version {before}"));
            }
        }
        newest = Some((version, time));
    }
    wrong
}

/// The end is told once, and nothing after it.
fn end(events: &[&Value]) -> Option<String> {
    let first = events.iter().position(|event| event["event"] == "closed")?;
    let after = events.get(first + 1)?;
    Some(format!("told after the end: {after}"))
}

/// "With it: since when, how many attempts, when the next one is."
fn problems(events: &[&Value]) -> Vec<String> {
    let told = events
        .iter()
        .filter(|event| event["event"] == "problem" && !event["kind"].is_null());
    let incomplete = told.filter(|problem| {
        let since = problem["since"].as_f64().unwrap_or_default();
        let attempts = problem["attempts"].as_u64().unwrap_or_default();
        let next = &problem["nextIn"];
        since < 1_600_000_000.0 || attempts == 0 || !(next.is_null() || next.as_f64().is_some())
    });
    let mut wrong: Vec<_> = incomplete
        .map(|problem| format!("a problem lacks since, attempts or nextIn: {problem}"))
        .collect();
    wrong.dedup();
    wrong
}

/// "`Sec-WebSocket-Protocol: transfer-status.v1, signature.<base64url of the signature, no padding>`"
fn dial(dial: &Seen) -> Option<String> {
    let offered = dial.request.header("sec-websocket-protocol").unwrap_or_default();
    let names: HashSet<&str> = offered.split(',').map(str::trim).collect();
    let is_right = dial.request.target.starts_with("/ws/")
        && names.contains("transfer-status.v1")
        && dial.request.signature().is_some();
    (!is_right).then(|| format!("not the upgrade as agreed: {}", dial.request.target))
}

/// "`GET /transfer/{transferId}`", with the signature as `Authorization: Bearer …`
fn poll(poll: &Seen) -> Option<String> {
    let request = &poll.request;
    let is_right = request.method == "GET"
        && request.target.starts_with("/transfer/")
        && request
            .header("authorization")
            .is_some_and(|value| value.starts_with("Bearer "));
    (!is_right).then(|| format!("not a poll as agreed: {} {}", request.method, request.target))
}
