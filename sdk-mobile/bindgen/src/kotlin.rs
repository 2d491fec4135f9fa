//! Takes the generated Kotlin out of the library's public face: every declaration at the top of its file is `internal`.

use std::fs;

use anyhow::{Context, Result};
use camino::Utf8Path;

/// Words that begin a declaration.
const DECLARATIONS: [&str; 17] = [
    "class",
    "interface",
    "object",
    "fun",
    "val",
    "var",
    "const",
    "data",
    "sealed",
    "enum",
    "open",
    "abstract",
    "typealias",
    "inline",
    "suspend",
    "annotation",
    "value",
];

/// The compiler's opinion on code that nobody writes or reads.
const SUPPRESSED: &str = "@file:Suppress(\"warnings\", \"NAME_SHADOWING\")";

/// Rewrites all Kotlin below `folder`.
pub(crate) fn hide(folder: &Utf8Path) -> Result<()> {
    for entry in folder
        .read_dir_utf8()
        .with_context(|| format!("cannot read {folder}"))?
    {
        let path = entry?.into_path();
        if path.is_dir() {
            hide(&path)?;
        } else if path.extension() == Some("kt") {
            let text = fs::read_to_string(&path)?;
            fs::write(&path, hidden(&text))?;
        }
    }
    Ok(())
}

fn hidden(text: &str) -> String {
    let mut hidden = String::with_capacity(text.len() + text.len() / 16);
    for line in text.lines() {
        let line = line.strip_prefix("public ").unwrap_or(line);
        if line.starts_with("@file:Suppress") {
            hidden.push_str(SUPPRESSED);
        } else {
            // What stands at the margin is at the top of the file.
            if is_declaration(line) {
                hidden.push_str("internal ");
            }
            hidden.push_str(line);
        }
        hidden.push('\n');
    }
    hidden
}

fn is_declaration(line: &str) -> bool {
    let word: &str = line
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    DECLARATIONS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_at_the_top_of_a_file_is_hidden_and_what_is_in_a_class_follows_it() {
        let text = "package a\npublic object Lib {\n    fun new() = 1\n}\nsealed class E: Exception() {\n}\nprivate class P\n\
                    internal fun<T> f() = 1\nfun<T> g() = 2\nvalue\n";
        let expected = "package a\ninternal object Lib {\n    fun new() = 1\n}\ninternal sealed class E: Exception() {\n}\n\
                        private class P\ninternal fun<T> f() = 1\ninternal fun<T> g() = 2\ninternal value\n";
        assert_eq!(hidden(text), expected);
    }
}
