//! `cargo xtask fuzz`: libFuzzer over the targets in `protocol/fuzz` and `server-worker/fuzz`, on the Rust that is there.
//!
//! The layout is cargo-fuzz's, whose program works on it too. This needs neither that nor a nightly compiler: coverage
//! counters are flags of the stable one, and there is no unsafe code for a sanitizer to look at.
//!
//! One target more, [`TYPESCRIPT`], is not libFuzzer's: it asks the npm package and the Rust crate the same questions.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::tools::Tools;
use crate::{npm, process};

/// What makes the compiler count which code has run, as cargo-fuzz asks for it.
const COUNTERS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// Where the targets are, from the repository's root.
const FOLDERS: [&str; 2] = ["protocol/fuzz", "server-worker/fuzz"];

/// The target that holds the TypeScript decoder and `/server` to the Rust ones, by `FILE` of the npm package's tests.
const TYPESCRIPT: &str = "typescript";
const FILE: &str = "sdk-wasm/npm/tests/unit/differential.test.ts";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A target, or all of them
    target: Option<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Afterwards, keep only what reaches something that nothing else in the corpus does
    #[arg(long)]
    minimize: bool,
}

/// Runs libFuzzer; what it finds new goes to the corpus, what breaks a target to `artifacts` beside it.
///
/// # Errors
/// When a target does not hold.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = Tools::load()?.root;
    let mut known = Vec::new();
    for folder in FOLDERS {
        let folder = root.join(folder);
        known.push((targets(&folder)?, folder));
    }
    let is_chosen = |name: &String| args.target.as_ref().is_none_or(|chosen| chosen == name);
    let typescript = TYPESCRIPT.to_owned();
    let all = || known.iter().flat_map(|(targets, _)| targets).chain([&typescript]);
    if let Some(unknown) = args.target.as_ref().filter(|_| !all().any(is_chosen)) {
        let names: Vec<_> = all().map(String::as_str).collect();
        bail!("there is no target {unknown}; there are {}", names.join(", "));
    }
    if is_chosen(&typescript) {
        println!("\n== {TYPESCRIPT}");
        against_typescript(args.seconds)?;
    }
    let host = host()?;
    for (targets, folder) in &known {
        let chosen: Vec<_> = targets.iter().filter(|name| is_chosen(name)).collect();
        if chosen.is_empty() {
            continue;
        }
        let mut cargo = Command::new("cargo");
        // With a target named, build scripts and macros get no counters.
        cargo
            .args(["build", "--release", "--target", &host, "--target-dir"])
            .arg(root.join("target/fuzz"))
            .env("RUSTFLAGS", format!("{COUNTERS} -Cdebug-assertions"))
            .current_dir(folder);
        process::run(&mut cargo)?;
        let programs = root.join("target/fuzz").join(&host).join("release");
        for target in chosen {
            println!("\n== {target}");
            fuzz(folder, &programs.join(target), target, args.seconds)?;
            if args.minimize {
                minimize(folder, &programs.join(target), target)?;
            }
        }
    }
    Ok(())
}

/// Says where a seed has found two answers to one question; nothing goes to a corpus.
fn against_typescript(seconds: u32) -> Result<()> {
    let tools = Tools::load()?;
    // Node.js.
    npm::install(&tools, &tools.npm_folder())?;
    let mut node = tools.on_path(Command::new(tools.node()?))?;
    node.args(["--test", "--test-reporter=spec", FILE])
        .env("FUZZ_SECONDS", seconds.to_string())
        .current_dir(&tools.root);
    process::run(&mut node).context("TypeScript and Rust differ; the seed above makes it again")
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in folder
        .join("fuzz_targets")
        .read_dir()
        .context("no fuzz targets")?
    {
        if let Some(name) = entry?.path().file_stem() {
            targets.push(name.to_string_lossy().into_owned());
        }
    }
    targets.sort();
    Ok(targets)
}

fn host() -> Result<String> {
    let told = process::output(Command::new("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(ToOwned::to_owned)
        .context("rustc does not say what it runs on")
}

fn fuzz(folder: &Path, program: &Path, target: &str, seconds: u32) -> Result<()> {
    let artifacts = folder.join("artifacts").join(target);
    std::fs::create_dir_all(&artifacts)?;
    let mut fuzzer = Command::new(program);
    fuzzer
        .arg(folder.join("corpus").join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-print_final_stats=1", "-timeout=10", "-max_len=4096"]);
    process::run(&mut fuzzer)
        .with_context(|| format!("{target} does not hold; the input is in {}", artifacts.display()))
}

/// Puts the smallest set that reaches as much in the corpus's place.
fn minimize(folder: &Path, program: &Path, target: &str) -> Result<()> {
    let corpus = folder.join("corpus").join(target);
    let small = folder.join("artifacts").join(format!("{target}-minimized"));
    if small.exists() {
        std::fs::remove_dir_all(&small)?;
    }
    std::fs::create_dir_all(&small)?;
    process::run(
        Command::new(program)
            .args(["-set_cover_merge=1", "-use_counters=0"])
            .arg("-max_len=4096")
            .arg(&small)
            .arg(&corpus),
    )?;
    std::fs::remove_dir_all(&corpus)?;
    std::fs::rename(&small, &corpus)?;
    Ok(())
}
