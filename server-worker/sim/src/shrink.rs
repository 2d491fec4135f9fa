//! Leaves out of a failing plan what does not matter, as long as the same promise is broken.

use crate::fault::Fault;
use crate::plan::Plan;
use crate::world::run;

/// The smallest plan found that breaks the promise that `plan` breaks; at most so many worlds are tried.
pub fn shrink(plan: &Plan, fault: Option<Fault>, most: usize) -> Plan {
    let mut best = plan.clone();
    let Some(rule) = run(&best, fault, false).violation.map(|violation| violation.rule) else {
        return best;
    };
    let mut left = most;
    let mut chunk = best.size().div_ceil(2).max(1);
    loop {
        let mut from = 0;
        let mut has_shrunk = false;
        while from < best.size() && left > 0 {
            let smaller = without(&best, from, chunk);
            left -= 1;
            let fails = run(&smaller, fault, false)
                .violation
                .is_some_and(|violation| violation.rule == rule);
            match fails {
                true => {
                    best = smaller;
                    has_shrunk = true;
                }
                false => from += chunk,
            }
        }
        if left == 0 || (chunk == 1 && !has_shrunk) {
            return best;
        }
        chunk = if has_shrunk { chunk } else { chunk / 2 }.max(1);
    }
}

/// The plan without `count` things from the place `from` on: first strikes, then updates and deletions, then clients. Clients only go
/// from the end, for strikes name them by their place.
fn without(plan: &Plan, from: usize, count: usize) -> Plan {
    let mut plan = plan.clone();
    let (strikes, updates) = (plan.strikes.len(), plan.updates.len());
    let is_kept = |place: usize| !(from..from + count).contains(&place);
    let mut place = 0;
    plan.strikes.retain(|_| {
        place += 1;
        is_kept(place - 1)
    });
    plan.updates.retain(|_| {
        place += 1;
        is_kept(place - 1)
    });
    let deletions = plan.deletions.len();
    plan.deletions.retain(|_| {
        place += 1;
        is_kept(place - 1)
    });
    let updates = updates + deletions;
    if from + count > strikes + updates {
        let clients = plan.clients.len();
        let gone = count
            .min(from + count - strikes - updates)
            .min(clients.saturating_sub(1));
        let left = clients - gone;
        plan.clients.truncate(left);
        plan.strikes
            .retain(|strike| strike.what.client().is_none_or(|client| client < left));
    }
    plan
}
