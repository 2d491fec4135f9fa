//! What must hold of all that a user is told, whatever the story.

use serde_json::Value;

use crate::adapter::Listener;
use crate::changes::locked;

/// A watch that was begun, and what with.
pub(crate) struct Witness {
    pub(crate) listener: Listener,
    pub(crate) signature: Option<String>,
}

impl Witness {
    /// One line for each rule that was broken.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let told = locked(&self.listener.told);
        let events: Vec<&Value> = told.iter().map(|told| &told.event).collect();
        let mut wrong = order(&events);
        wrong.extend(end(&events));
        wrong.extend(problems(&events));
        wrong
    }
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
