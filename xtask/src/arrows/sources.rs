//! Words in sources that break an arrow without a trace in any manifest.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// What reads a clock, a socket or the thread that runs.
const OUTSIDE_WORLD: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "Date::now",
    "Utc::now",
    "Local::now",
    "TcpStream",
    "UdpSocket",
    "thread::",
    "fastrand::u",
    "fastrand::f",
    "Rng::new()",
];

/// Folder or file, and the words that must not be in its code.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("protocol/src", OUTSIDE_WORLD),
    ("server-worker/src/domain", OUTSIDE_WORLD),
    ("server-worker/src/domain", &["worker::", "use worker"]),
];

/// One line for each forbidden word, with its file and line.
///
/// # Errors
/// When a folder or file that is to be searched cannot be read.
pub(crate) fn complaints(root: &Path) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (place, words) in FORBIDDEN {
        search(&root.join(place), &mut |file, text| {
            let file = file.strip_prefix(root).unwrap_or(file).display().to_string();
            wrong.extend(found(&file, text, words));
        })?;
    }
    Ok(wrong)
}

/// Gives each Rust file at or below `place`, with its text, to `visit`. What npm has installed is left out.
///
/// # Errors
/// When `place` is not there or cannot be read.
pub(crate) fn search(place: &Path, visit: &mut impl FnMut(&Path, &str)) -> Result<()> {
    if !place.exists() {
        bail!(
            "{} is not there: a table in xtask/src/arrows or xtask/src/proofs.rs names it",
            place.display()
        );
    }
    if place.ends_with("node_modules") {
        return Ok(());
    }
    if place.is_dir() {
        for entry in fs::read_dir(place)? {
            search(&entry?.path(), visit)?;
        }
    } else if place.extension().is_some_and(|extension| extension == "rs") {
        let text = fs::read_to_string(place).with_context(|| format!("cannot read {}", place.display()))?;
        visit(place, &text);
    }
    Ok(())
}

fn found(file: &str, text: &str, words: &[&str]) -> Vec<String> {
    let code = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.flat_map(|(number, line)| {
        let hits = words.iter().filter(|word| line.contains(**word));
        hits.map(move |word| format!("{file}:{} must not use `{word}`", number + 1))
            .collect::<Vec<_>>()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_pure_code_is_reported_with_its_line() {
        let text = "//! Never `Instant::now`.\nfn late() { Instant::now(); }\n";
        assert_eq!(
            found("protocol/src/x.rs", text, OUTSIDE_WORLD),
            ["protocol/src/x.rs:2 must not use `Instant::now`"]
        );
    }

    #[test]
    fn the_platform_in_the_ledger_is_reported() {
        assert_eq!(
            found("ledger.rs", "use worker::State;\n", &["worker::", "use worker"]).len(),
            2
        );
    }
}
