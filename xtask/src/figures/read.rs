//! Reads figures out of what the benches print: divan's tables, lines for people with a number and a limit, and JSON.

use anstream::adapter::strip_str;

use super::Figure;
use super::json;

/// All figures in `text`.
pub(super) fn figures(text: &str) -> Vec<Figure> {
    // Maven ends colours also where it has begun none.
    let text = &strip_str(text).to_string();
    let mut figures: Vec<_> = text
        .lines()
        .flat_map(|line| json::line(line).into_iter().chain(spoken(line)))
        .collect();
    figures.extend(tables(text));
    figures
}

/// `Kotlin: news to a waiting caller, median    0.073 ms   at most 1 ms`.
fn spoken(line: &str) -> Option<Figure> {
    let (of, rest) = line.split_once(": ")?;
    let (what, rest) = rest.split_once("  ")?;
    let (value, rest) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
    let (unit, note) = match rest.trim() {
        rest if rest.starts_with("at ") => ("", rest),
        rest => rest.split_once(' ').unwrap_or((rest, "")),
    };
    let mut what = what.to_owned();
    if what == "the same, of processor time" {
        what = "states a second over the border, of processor time".to_owned();
    }
    Some(Figure {
        what: capitalized(&what),
        of: of.to_owned(),
        value: value.replace(',', "").parse().ok()?,
        unit: unit.to_owned(),
        note: Some(note.trim().to_owned()).filter(|note| !note.is_empty()),
    })
}

/// Divan's tables: of each bench the fastest sample, and what it allocates where that is counted.
fn tables(text: &str) -> Vec<Figure> {
    let mut figures: Vec<Figure> = Vec::new();
    let mut group = String::new();
    let mut is_allocations = false;
    for line in text.lines() {
        // Lines of the tree, then the first column.
        let row = line.trim_start_matches(['│', '├', '╰', '─', ' ']);
        let depth = line.chars().count() - row.chars().count();
        let Some((words, _)) = row.split_once('│').filter(|_| depth > 0) else {
            continue;
        };
        let mut parts = words.split_whitespace();
        let (Some(name), first) = (parts.next(), parts.next()) else {
            continue;
        };
        if name.ends_with(':') || name == "max" {
            is_allocations = name == "alloc:";
            continue;
        }
        if let Ok(count) = name.parse::<f64>() {
            if let (true, Some(figure)) = (is_allocations && first.is_none(), figures.last_mut()) {
                figure.note = Some(format!("allocations: {count}"));
                is_allocations = false;
            }
            continue;
        }
        match first
            .and_then(|value| value.parse::<f64>().ok())
            .zip(parts.next())
        {
            Some((value, unit)) => {
                let what = if depth > TOP && !group.is_empty() {
                    &group
                } else {
                    name
                };
                figures.push(Figure {
                    what: capitalized(&what.replace('_', " ")),
                    of: name.replace('_', " "),
                    value,
                    unit: unit.to_owned(),
                    note: None,
                });
                is_allocations = false;
            }
            None if first.is_none() => name.clone_into(&mut group),
            None => {}
        }
    }
    figures
}

/// How far a bench that is in no group is indented.
const TOP: usize = 3;

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(what: &str, of: &str, value: f64, unit: &str, note: Option<&str>) -> Figure {
        Figure {
            what: what.to_owned(),
            of: of.to_owned(),
            value,
            unit: unit.to_owned(),
            note: note.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn a_table_gives_the_fastest_and_what_it_allocates() {
        let text = "wire               fastest       │ slowest\n\
                    ├─ sign_256_bytes                 │\n\
                    │  ├─ ours          345.1 ns      │ 1.2 µs\n\
                    │  │                alloc:        │\n\
                    │  │                  1           │ 1\n\
                    │  │                  64 B        │ 64 B\n\
                    │  │                dealloc:      │\n\
                    │  │                  2           │ 2\n\
                    │  ╰─ ring          400 ns        │ 1.2 µs\n\
                    ╰─ news             10.5 ns       │ 1.2 µs\n";
        let expected = [
            figure("Sign 256 bytes", "ours", 345.1, "ns", Some("allocations: 1")),
            figure("Sign 256 bytes", "ring", 400.0, "ns", None),
            figure("News", "news", 10.5, "ns", None),
        ];
        assert_eq!(figures(text), expected);
    }

    #[test]
    fn a_line_for_people_gives_number_unit_and_limit_whatever_its_colours() {
        let text = "\u{1b}[0m\u{1b}[0mKotlin: states a second over the border     109,255   at least 20,000\n\
                    Swift: an idle watch                             28.0 KB   at most 30 KB\nbuild: done\n";
        let expected = [
            figure(
                "States a second over the border",
                "Kotlin",
                109_255.0,
                "",
                Some("at least 20,000"),
            ),
            figure("An idle watch", "Swift", 28.0, "KB", Some("at most 30 KB")),
        ];
        assert_eq!(figures(text), expected);
    }
}
