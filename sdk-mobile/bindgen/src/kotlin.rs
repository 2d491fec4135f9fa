//! Takes the generated Kotlin out of the library's public face: every declaration at the top of its file is `internal`.
//! Its records become plain classes: nobody compares or copies them, and a data class prints all that it holds, a
//! signature too.

use std::fs;

use anyhow::{Context, Result};
use camino::Utf8Path;

use crate::{converters, crossing};

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

/// Rewrites all Kotlin below `folder`, calls made cheap.
pub(crate) fn rewrite(folder: &Utf8Path) -> Result<()> {
    for entry in folder
        .read_dir_utf8()
        .with_context(|| format!("cannot read {folder}"))?
    {
        let path = entry?.into_path();
        if path.is_dir() {
            rewrite(&path)?;
        } else if path.extension() == Some("kt") {
            let text = fs::read_to_string(&path)?;
            let text = converters::flatten(&crossing::cheapen(&text)?)?;
            fs::write(&path, hidden(&text))?;
        }
    }
    Ok(())
}

fn hidden(text: &str) -> String {
    let mut hidden = String::with_capacity(text.len() + text.len() / 16);
    // How many braces are open: what stands in none is at the top of the file.
    let mut depth = 0_usize;
    for line in text.lines() {
        let line = &plain(line);
        if line.starts_with("@file:Suppress") {
            hidden.push_str(SUPPRESSED);
        } else if depth == 0 {
            let (before, declaration) = split_annotations(line);
            let declaration = declaration.strip_prefix("public ").unwrap_or(declaration);
            hidden.push_str(before);
            if is_declaration(declaration) {
                hidden.push_str("internal ");
            }
            hidden.push_str(declaration);
        } else {
            hidden.push_str(line);
        }
        hidden.push('\n');
        if !is_comment(line) {
            depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
        }
    }
    hidden
}

/// The line without the word that makes its class a data class.
fn plain(line: &str) -> String {
    let (before, declaration) = line.split_at(line.len() - line.trim_start().len());
    match declaration.strip_prefix("data class ") {
        Some(rest) => format!("{before}class {rest}"),
        None => line.to_owned(),
    }
}

/// The line up to its declaration, and from there on.
fn split_annotations(line: &str) -> (&str, &str) {
    let text = line.trim_start();
    let text = match text.strip_prefix("@Throws(") {
        Some(rest) => rest
            .split_once(')')
            .map_or(text, |(_, declaration)| declaration.trim_start()),
        None => text,
    };
    line.split_at(line.len() - text.len())
}

fn is_comment(line: &str) -> bool {
    let text = line.trim_start();
    text.starts_with("//") || text.starts_with('*') || text.starts_with("/*")
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
        let text = "package a\npublic object Lib {\n    fun new() = \"${x}\"\n}\n/** { */\nsealed class E: Exception() {\n}\n\
                    private class P\ninternal fun<T> f() = 1\n    @Throws(E::class) fun `g`(): Int {\n    return f()\n    }\n";
        let expected = "package a\ninternal object Lib {\n    fun new() = \"${x}\"\n}\n/** { */\ninternal sealed class E: \
                        Exception() {\n}\nprivate class P\ninternal fun<T> f() = 1\n    @Throws(E::class) internal fun \
                        `g`(): Int {\n    return f()\n    }\n";
        assert_eq!(hidden(text), expected);
    }

    #[test]
    fn a_record_prints_nothing_of_what_it_holds() {
        let text = "data class Target (\n    val signature: String\n)\nsealed class End {\n    data class Refused(\n        val \
                    code: Int) : End()\n}\n// data class in a comment\n";
        let expected = "internal class Target (\n    internal val signature: String\n)\ninternal sealed class End {\n    class \
                        Refused(\n        val code: Int) : End()\n}\n// data class in a comment\n";
        assert_eq!(hidden(text), expected);
    }
}
