//! The order of a module's functions: each after those that it is most like. gzip looks back 32 KB and no further, so
//! what two functions share is only stored once when they lie near each other.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use wasm_encoder::{Module, NameMap, NameSection, RawSection};
use wasmparser::{Parser, Payload, TypeRef};

/// Functions are alike by the runs of so many bytes that both have.
const RUN: usize = 4;
/// A run that more functions have tells nothing.
const COMMON: usize = 100;
/// How many functions before it one is compared with.
const LOOK_BACK: usize = 4;
/// So that the shortest functions do not seem the most alike.
const SHORT: usize = 30;

/// The module with names for its functions, and only for those: `wasm-opt --reorder-functions-by-name` then puts them
/// into the order that packs best.
///
/// # Errors
/// When it is no module.
pub(crate) fn named(module: &[u8]) -> Result<Vec<u8>> {
    let mut imported = 0_u32;
    let mut bodies = Vec::new();
    let mut named = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::CustomSection(_) = payload {
            continue;
        }
        match &payload {
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            let data = module.get(range).unwrap_or_default();
            named.section(&RawSection { id, data });
        }
    }
    let mut places = vec![0; bodies.len()];
    for (place, function) in by_likeness(&bodies).into_iter().enumerate() {
        if let Some(of_function) = places.get_mut(function) {
            *of_function = place;
        }
    }
    let mut names = NameMap::new();
    for (function, place) in (imported..).zip(places) {
        names.append(function, &format!("{place:06}"));
    }
    let mut section = NameSection::new();
    section.functions(&names);
    named.section(&section);
    Ok(named.finish())
}

/// Which of `bodies` comes at each place: the longest one first, then always the one that shares most with the last ones.
fn by_likeness(bodies: &[&[u8]]) -> Vec<usize> {
    let runs: Vec<BTreeSet<&[u8]>> = bodies.iter().map(|body| body.windows(RUN).collect()).collect();
    let mut owners: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (function, runs) in runs.iter().enumerate() {
        for run in runs {
            owners.entry(run).or_default().push(function);
        }
    }
    owners.retain(|_, functions| functions.len() < COMMON);

    let mut order: Vec<usize> = Vec::with_capacity(bodies.len());
    let mut left: BTreeSet<usize> = (0..bodies.len()).collect();
    while !left.is_empty() {
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for run in order
            .iter()
            .rev()
            .take(LOOK_BACK)
            .filter_map(|last| runs.get(*last))
            .flatten()
        {
            for function in owners.get(run).into_iter().flatten() {
                if left.contains(function) {
                    *shared.entry(*function).or_default() += 1;
                }
            }
        }
        let length = |function: usize| runs.get(function).map_or(0, BTreeSet::len);
        // By its root, so that a long function that has much in common comes before a short one that is little else.
        let likeness =
            |(function, shared): (usize, usize)| shared * shared * 1_000_000 / (length(function) + SHORT);
        let next = shared
            .into_iter()
            .map(|(function, shared)| (likeness((function, shared)), function));
        // Of two that are alike the first one, so that the same module gives the same order.
        let next = next.max_by_key(|(likeness, function)| (*likeness, std::cmp::Reverse(*function)));
        let next = next.map(|(_, function)| function).or_else(|| {
            left.iter()
                .copied()
                .max_by_key(|function| (length(*function), std::cmp::Reverse(*function)))
        });
        let Some(next) = next else { break };
        left.remove(&next);
        order.push(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::by_likeness;

    #[test]
    fn what_is_alike_lies_together() {
        let (red, blue) = ([b"crimson-scarlet-ruby"; 3], [b"azure-navy-sapphire!"; 3]);
        let mixed: Vec<&[u8]> = red
            .iter()
            .zip(&blue)
            .flat_map(|(red, blue)| [&red[..], &blue[..]])
            .collect();
        assert_eq!(by_likeness(&mixed), [0, 2, 4, 1, 3, 5]);
    }

    #[test]
    fn every_function_has_one_place() {
        let bodies: Vec<Vec<u8>> = (0..50_u8)
            .map(|n| (0..n).map(|byte| byte % 7 + n).collect())
            .collect();
        let bodies: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
        let mut order = by_likeness(&bodies);
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
    }
}
