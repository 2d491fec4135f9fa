//! A bar chart as SVG, with no script, no font of its own and nothing loaded: readable on light and on dark.

use std::fmt::Write;

/// A bar: what it is of, how long it is, and what stands beside it.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) label: String,
}

const WIDTH: f64 = 640.0;
const NAMES: f64 = 210.0;
const LABELS: f64 = 110.0;
const ROW: f64 = 28.0;
const TITLE: f64 = 34.0;

/// The chart; the longest bar fills its width.
pub(super) fn chart(title: &str, bars: &[Bar]) -> String {
    let height = TITLE + ROW * bars.len() as f64 + 8.0;
    let longest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\">\n\
         <style>text{{font:13px system-ui,sans-serif;fill:#59636e}}.t{{font-weight:600}}rect{{fill:#3b6fb6}}</style>\n\
         <text class=\"t\" x=\"0\" y=\"18\">{title}</text>\n",
        title = escaped(title)
    );
    for (row, bar) in bars.iter().enumerate() {
        let top = TITLE + ROW * row as f64;
        let width = ((WIDTH - NAMES - LABELS) * bar.value.max(0.0) / longest).max(1.0);
        let (text, label) = (top + 16.0, NAMES + width + 8.0);
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{text}\">{}</text><rect x=\"{NAMES}\" y=\"{}\" width=\"{width:.1}\" height=\"18\" rx=\"3\"/>\
             <text x=\"{label:.1}\" y=\"{text}\">{}</text>",
            escaped(&bar.name),
            top + 3.0,
            escaped(&bar.label)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_the_chart_and_a_name_cannot_break_it() {
        let bar = |name: &str, value| Bar {
            name: name.to_owned(),
            value,
            label: String::new(),
        };
        let svg = chart("a < b", &[bar("\"all\"", 4.0), bar("half", 2.0)]);
        assert!(svg.contains("width=\"320.0\"") && svg.contains("width=\"160.0\""));
        assert!(svg.contains("a &lt; b") && svg.contains("&quot;all&quot;"));
    }
}
