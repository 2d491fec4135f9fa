//! What is promised of the list.

use std::collections::HashSet;

use serde_json::Value;

use super::rules::{GONE, LISTED, NOTHING_LOST};
use super::{Judge, State};
use crate::plan::Ms;

impl Judge {
    /// Somebody is shown this page, which has place for all transfers and was asked for then; `ids` are theirs.
    pub(crate) fn looked(&mut self, page: &str, ids: Vec<String>, asked_at: Ms) {
        let page: Value = serde_json::from_str(page).unwrap_or_default();
        let items = page.get("transfers").and_then(Value::as_array);
        let mut seen = HashSet::new();
        let mut newest_first: Option<String> = None;
        for item in items.into_iter().flatten() {
            let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
            let Some((transfer, state)) = ids.iter().position(|known| known == id).zip(State::of(item))
            else {
                return self.violate(LISTED, || format!("the list shows {item}"));
            };
            let now = self.now;
            let facts = &mut self.transfers[transfer];
            let is_known = facts.known.iter().any(|known| known.is_version_of(&state));
            // A deletion is on its way to the list for as long as nobody was told that it is carried out, and a page that was
            // asked for before may be of before.
            let is_gone = facts.past.iter().any(|past| past.is_version_of(&state));
            if is_known {
                facts.shown_at.get_or_insert(now);
            }
            let is_first = seen.insert(transfer);
            if !is_known && !is_gone {
                return self.violate(NOTHING_LOST, || {
                    format!("the list shows {state:?}, which was never durable")
                });
            }
            let told_gone_at = self.transfers[transfer].told_gone_at;
            if is_gone && told_gone_at.is_some_and(|told_gone_at| told_gone_at <= asked_at) {
                return self.violate(GONE, || {
                    format!("transfer {transfer} was deleted, and the list shows {state:?}")
                });
            }
            if !is_first || newest_first.is_some_and(|before| before < state.updated_at) {
                return self.violate(LISTED, || {
                    format!("transfer {transfer} stands in a wrong place or twice: {page}")
                });
            }
            newest_first = Some(state.updated_at);
        }
        // Of two looks at a time neither is before the other.
        let was_shown = |shown_at: Option<Ms>| shown_at.is_some_and(|shown_at| shown_at <= asked_at);
        let listed = self
            .transfers
            .iter()
            .enumerate()
            .filter(|(_, facts)| was_shown(facts.shown_at));
        let missed = listed
            .map(|(transfer, _)| transfer)
            .find(|transfer| !seen.contains(transfer));
        if let Some(transfer) = missed {
            self.violate(LISTED, || {
                format!("the list has shown transfer {transfer} before, and does not now")
            });
        }
    }

    /// At the end two shards have a transfer, and numbers by status count it twice.
    pub(crate) fn listed_twice(&mut self, transfer: usize) {
        self.violate(LISTED, || format!("two shards list transfer {transfer}"));
    }
}
