//! `cargo xtask adapters`: the programs around each SDK that conformance suites drive, built, with their command lines.
//!
//! What they say to each other is in `examples/adapters/README.md`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use crate::kotlin::Kotlin;
use crate::process::{self, command};
use crate::setup::{self, Ready};
use crate::{build, chromium, npm, swift_package};

/// The package of the Rust adapter and of the project's own conformance test.
pub(crate) const PACKAGE: &str = "transfer-status-adapters";
/// The package of the page of the front end's adapter.
const FRONT_END: &str = "transfer-status-adapter-front-end";
/// Where the adapters are, from the repository's root.
const FOLDER: &str = "examples/adapters";

/// Options of `cargo xtask adapters`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print one JSON object, SDK to command line, and nothing else
    #[arg(long)]
    json: bool,
}

/// Name to command line. The command is the adapter's process itself, with no shell around it.
pub(crate) type CommandLines = BTreeMap<&'static str, Vec<String>>;

/// Builds one adapter. `None` where this machine has not what the SDK runs on; the reason has been told then.
type Builder = fn(&Ready) -> Result<Option<Vec<String>>>;

/// Every adapter there is. One for another platform is a line and a function more.
const ADAPTERS: [(&str, Builder); 5] = [
    ("rust", rust),
    ("npm", node),
    ("front-end", front_end),
    ("kotlin", kotlin),
    ("swift", swift),
];

/// Builds the adapters and prints their command lines.
pub(crate) fn run(args: &Args) -> Result<()> {
    // Set-up and builds print as they go, their children too: all of it goes to stderr, and stdout stays clean.
    let stdout = rustix::io::dup(std::io::stdout()).context("stdout cannot be set aside")?;
    rustix::stdio::dup2_stdout(std::io::stderr()).context("stdout cannot be led to stderr")?;
    let lines = build(&setup::ensure()?)?;
    let text = if args.json {
        serde_json::to_string(&lines)?
    } else {
        let line = |(name, words): (&&str, &Vec<String>)| format!("{name:<10} {}", words.join(" "));
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    writeln!(File::from(stdout), "{text}").context("the command lines cannot be printed")
}

/// Builds every adapter that can be built here.
///
/// # Errors
/// When a build fails.
pub(crate) fn build(ready: &Ready) -> Result<CommandLines> {
    let mut lines = CommandLines::new();
    for (name, build) in ADAPTERS {
        let built = build(ready).with_context(|| format!("the adapter of {name} cannot be built"))?;
        if let Some(words) = built {
            lines.insert(name, words);
        }
    }
    Ok(lines)
}

fn rust(ready: &Ready) -> Result<Option<Vec<String>>> {
    let root = &ready.tools.root;
    process::run(&mut command(
        root,
        "cargo",
        ["build", "--package", PACKAGE, "--bins"],
    ))?;
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec()?;
    let program = metadata.target_directory.join("debug/transfer-status-adapter");
    Ok(Some(vec![program.into_string()]))
}

fn node(ready: &Ready) -> Result<Option<Vec<String>>> {
    npm::build(ready)?;
    let script = ready.tools.root.join(FOLDER).join("npm/adapter.mjs");
    Ok(Some(vec![text(&ready.tools.node()?), text(&script)]))
}

fn front_end(ready: &Ready) -> Result<Option<Vec<String>>> {
    let tools = &ready.tools;
    let chromium = match chromium::ensure(tools) {
        Ok(chromium) => chromium,
        Err(error) => {
            eprintln!("adapters: the front end's is left out: {error:#}");
            return Ok(None);
        }
    };
    let page = tools.root.join("target/adapters/front-end");
    build::page(ready, &["--package", FRONT_END], "debug/front_end.wasm", &page)?;
    let script = tools.root.join(FOLDER).join("front-end/adapter.mjs");
    let words = [&tools.node()?, &script, &page, &chromium];
    Ok(Some(words.into_iter().map(|word| text(word)).collect()))
}

fn kotlin(ready: &Ready) -> Result<Option<Vec<String>>> {
    let tools = &ready.tools;
    let Some(kotlin) = Kotlin::ensure(tools)? else {
        return Ok(None);
    };
    kotlin
        .build(tools, "transfer-status-adapter", "adapter")
        .map(Some)
}

fn swift(ready: &Ready) -> Result<Option<Vec<String>>> {
    swift_package::adapter(&ready.tools)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
