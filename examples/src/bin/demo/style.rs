//! Colour, where the output is a terminal that wants it.

use std::env;
use std::io::{self, IsTerminal};

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    colour: bool,
}

impl Style {
    /// Colour on a terminal, unless `NO_COLOR` is set or the terminal is a dumb one.
    pub(crate) fn of_stdout() -> Self {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self {
            colour: io::stdout().is_terminal() && !unwanted && !dumb,
        }
    }

    /// A heading.
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What is beside the point.
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Good news.
    pub(crate) fn green(self, text: &str) -> String {
        self.paint("1;32", text)
    }

    /// A drawing line by line, bright on black whatever the terminal's own colours are.
    pub(crate) fn drawing(self, drawing: &str) -> String {
        let lines = drawing
            .lines()
            .map(|line| format!("  {}\n", self.paint("38;5;231;48;5;16", line)));
        lines.collect()
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self.colour {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}
