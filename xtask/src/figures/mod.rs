//! `cargo xtask bench all`: every bench, its figures in `docs/benchmarks.json`, tables and charts in `docs/benchmarks.md`.
//!
//! A part that is measured anew replaces what the file held of it; of each it says on which source and under which load.

mod chart;
mod document;
mod json;
mod read;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::tools::Tools;
use crate::{centrifugo, chromium, process};

/// What is measured, in the order in which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    Protocol,
    Watches,
    Mobile,
    Page,
    Server,
    Hostile,
    Cost,
}

#[derive(clap::Parser, Default)]
#[command(name = "cargo xtask bench all")]
pub(crate) struct Args {
    /// Only these parts
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Part>,
    /// Measure nothing: write tables and charts anew from docs/benchmarks.json
    #[arg(long, conflicts_with = "only")]
    render: bool,
}

/// One measured value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// What is measured; figures with the same words are compared.
    pub(crate) what: String,
    /// On what.
    pub(crate) of: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    /// What belongs to the value: allocations, a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

/// What one run of a part has measured.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Measured {
    /// The commit of the source, with a plus where the folder had changes.
    pub(crate) source: String,
    /// Of the last minute, before and after: above the number of cores, others have taken part of the result.
    pub(crate) load: [f64; 2],
    pub(crate) figures: Vec<Figure>,
}

/// `docs/benchmarks.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Benchmarks {
    /// The machine and the versions of what ran.
    pub(crate) machine: BTreeMap<String, String>,
    pub(crate) parts: BTreeMap<Part, Measured>,
}

impl Part {
    const ALL: [Self; 7] = [
        Self::Protocol,
        Self::Watches,
        Self::Mobile,
        Self::Page,
        Self::Server,
        Self::Hostile,
        Self::Cost,
    ];

    /// Whether a server's state is written while it is measured.
    fn stores(self) -> bool {
        matches!(self, Self::Page | Self::Server | Self::Hostile | Self::Cost)
    }

    /// The benches of this program that measure it.
    fn benches(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Protocol => &[&["protocol"]],
            Self::Watches => &[
                &["watches", "--count", "1000", "--json"],
                &["watches", "--count", "10000", "--json"],
            ],
            Self::Mobile => &[&["mobile"]],
            Self::Page => &[&["page"]],
            // Without Go there is no Centrifugo.
            Self::Server if centrifugo::can_be_built() => {
                &[&["server", "--yardstick", "--centrifugo", "--json"]]
            }
            Self::Server => &[&["server", "--yardstick", "--json"]],
            Self::Hostile => &[&["hostile", "--json"]],
            Self::Cost => &[&["cost", "--json"]],
        }
    }
}

/// Measures, and writes what was measured also when a limit was missed.
///
/// # Errors
/// When a bench fails or misses a limit, or a file cannot be written.
pub(crate) fn run(tools: &Tools, args: &Args) -> Result<()> {
    let docs = tools.root.join("docs");
    let file = docs.join("benchmarks.json");
    let mut benchmarks: Benchmarks = match fs::read(&file) {
        Ok(text) => {
            serde_json::from_slice(&text).with_context(|| format!("cannot use {}", file.display()))?
        }
        Err(_) => Benchmarks::default(),
    };
    if args.render {
        return write(&docs, &benchmarks);
    }
    benchmarks.machine = machine(tools);
    let mut failed = Vec::new();
    for part in Part::ALL {
        if !args.only.is_empty() && !args.only.contains(&part) {
            continue;
        }
        let before = load();
        let mut figures = Vec::new();
        for bench in part.benches() {
            let (text, passed) = captured(part, bench)?;
            figures.append(&mut read::figures(&text));
            if !passed {
                failed.push(bench.join(" "));
            }
        }
        let measured = Measured {
            source: source(tools),
            load: [before, load()],
            figures,
        };
        benchmarks.parts.insert(part, measured);
        // Each part is kept, whatever the next one does.
        write(&docs, &benchmarks)?;
    }
    if !failed.is_empty() {
        bail!("failed, or over a limit: {}", failed.join("; "));
    }
    Ok(())
}

fn write(docs: &Path, benchmarks: &Benchmarks) -> Result<()> {
    let charts = docs.join("benchmarks");
    fs::create_dir_all(&charts).with_context(|| format!("cannot make {}", charts.display()))?;
    let json = format!("{}\n", serde_json::to_string_pretty(benchmarks)?);
    fs::write(docs.join("benchmarks.json"), json).context("cannot write docs/benchmarks.json")?;
    let document = document::document(benchmarks);
    for (name, chart) in &document.charts {
        fs::write(charts.join(name), chart).with_context(|| format!("cannot write {name}"))?;
    }
    // Those of figures that are no more.
    for chart in fs::read_dir(&charts).with_context(|| format!("cannot read {}", charts.display()))? {
        let chart = chart?;
        let name = chart.file_name();
        if !document.charts.iter().any(|(known, _)| name == known.as_str()) {
            fs::remove_file(chart.path())
                .with_context(|| format!("cannot remove {}", chart.path().display()))?;
        }
    }
    fs::write(docs.join("benchmarks.md"), document.text).context("cannot write docs/benchmarks.md")
}

/// What a bench prints, which is shown too, and whether it passed.
fn captured(part: Part, bench: &[&str]) -> Result<(String, bool)> {
    println!("\n== bench {}", bench.join(" "));
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(memory) = memory().filter(|_| part.stores()) {
        command.env("TMPDIR", memory);
    }
    let output = command.arg("bench").args(bench).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run the bench {}", bench.join(" ")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{text}");
    Ok((text, output.status.success()))
}

/// A folder that lies in memory, for the server's state: what is measured is not to be this machine's disk.
fn memory() -> Option<&'static Path> {
    let folder = Path::new("/dev/shm");
    tempfile::tempfile_in(folder).is_ok().then_some(folder)
}

fn machine(tools: &Tools) -> BTreeMap<String, String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let version = |program: &str, word: &str| {
        let told = process::output(tools.on_path(Command::new(program)).ok()?.arg(word)).ok()?;
        told.lines().next().map(ToOwned::to_owned)
    };
    let package = |name: &str| {
        let file = tools
            .npm_folder()
            .join("node_modules")
            .join(name)
            .join("package.json");
        let package: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        package["version"].as_str().map(ToOwned::to_owned)
    };
    let browser = chromium::find().and_then(|program| version(program.to_str()?, "--version"));
    let all = [
        ("processor", cpu.map(|(_, name)| name.to_owned())),
        (
            "cores",
            std::thread::available_parallelism().ok().map(|it| it.to_string()),
        ),
        ("kernel", version("uname", "-sr")),
        ("rustc", version("rustc", "-V")),
        ("node", version("node", "-v")),
        ("java", version("javac", "-version")),
        ("go", version("go", "version")),
        ("workerd", package("workerd")),
        ("partyserver", package("partyserver")),
        ("centrifugo", Some(tools.pins.bench_tools.centrifugo.clone())),
        ("browser", browser),
        (
            "state of the server",
            Some(memory().map_or("on disk", |_| "in memory").to_owned()),
        ),
    ];
    let known = all
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    known.collect()
}

fn source(tools: &Tools) -> String {
    let git = |args: &[&str]| process::output(Command::new("git").current_dir(&tools.root).args(args));
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    // What the benches write does not count.
    let is_clean =
        git(&["status", "--porcelain", "--", ".", ":!docs"]).is_ok_and(|changes| changes.is_empty());
    format!("{commit}{}", if is_clean { "" } else { "+" })
}

fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split(' ').next();
    first.and_then(|load| load.parse().ok()).unwrap_or(0.0)
}
