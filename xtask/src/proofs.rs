//! Whether every file and every test that SECURITY.md names as the proof of a promise is there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::arrows::sources;

/// Where tests in Rust live.
const FOLDERS: [&str; 3] = ["protocol", "sdk-rust", "server-worker"];
/// A test's name is a sentence; a shorter word between backticks is something else.
const SENTENCE: usize = 25;

/// One line for each file or test that the table of promises names, and that is not there.
///
/// # Errors
/// When SECURITY.md or a folder of tests cannot be read.
fn complaints(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join("SECURITY.md")).context("cannot read SECURITY.md")?;
    let mut all = String::new();
    for folder in FOLDERS {
        sources::search(&root.join(folder), &mut |_, text| all.push_str(text))?;
    }
    let is_there = |name: &str| match name.contains('/') {
        true => root.join(name).exists(),
        false => all.contains(&format!("fn {name}(")),
    };
    let missing = named(&text).into_iter().filter(|name| !is_there(name));
    Ok(missing
        .map(|name| format!("SECURITY.md names `{name}` as a proof, and there is no such file or test"))
        .collect())
}

/// What stands between backticks in the right column of a table, and is a path or the name of a test.
fn named(text: &str) -> Vec<&str> {
    let cells = text
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.strip_suffix('|')?.rsplit('|').next());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|word| {
            let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            let is_test = word.len() >= SENTENCE && word.bytes().all(is_word);
            is_test || (word.contains('/') && !word.starts_with('/') && !word.contains(' '))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{complaints, named};

    #[test]
    fn every_proof_that_the_security_document_names_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let wrong = complaints(&root).expect("SECURITY.md and the tests can be read");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn paths_and_sentences_are_proofs_and_other_words_are_not() {
        let text = "| a promise | by type: `Update::decode`, `protocol/tests/wycheproof.rs`, \
                    `a_test_whose_name_is_a_sentence` |\n| `/healthz` | `deny.toml`, `LEGACY_API=on` |\n";
        assert_eq!(
            named(text),
            ["protocol/tests/wycheproof.rs", "a_test_whose_name_is_a_sentence"]
        );
    }
}
