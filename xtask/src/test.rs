//! `cargo xtask test`: every test there is, in the order that fails soonest.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::browsers::Browsers;
use crate::kotlin::{self, Kotlin};
use crate::lanes::{self, Step};
use crate::mobile::For;
use crate::process::{self, command};
use crate::setup::{self, Ready};
use crate::{
    adapters, backends, build, chromium, mutants, npm, python, release, sim, size, swift_package, toxiproxy,
};

/// The crate of the tests that need the server running.
const END_TO_END: &str = "transfer-status-e2e";
/// Its tests mostly wait for a server, so more of them run at a time than there are cores.
const END_TO_END_THREADS: &str = "--test-threads=8";

/// The tests that are told to every SDK: by a scripted service, and over broken networks on the real server.
const CONFORMANCE: &str = "conformance";
const NETWORKS: &str = "networks";
/// The variable that names the adapters to them.
const ADAPTERS: &str = "TRANSFER_STATUS_ADAPTERS";

/// The programs that a test starts.
const BUILD_EXAMPLES: [&str; 4] = ["build", "--package", "transfer-status-examples", "--bins"];

/// What counts the cost of transfers, and lets hostile clients loose on the server.
const BENCH: &str = "transfer-status-bench";
const BUILD_BENCH: [&str; 5] = ["build", "--package", END_TO_END, "--bin", BENCH];

/// Runs all tests; stops at the first step that fails.
pub(crate) fn run() -> Result<()> {
    let started = Instant::now();
    let (ready, chromium) = step("set-up", setup::ensure_for_tests)?;
    let languages = step("set-up for backends", || backends::ensure(&ready.tools))?;
    let phones = step("set-up for phones", || setup::ensure_phones(&ready.tools))?;
    step("what would be published", || release::check_quickly(&ready))?;
    let browsers = step("set-up of other browsers", || Browsers::ensure(&ready.tools))?;
    let toxiproxy = step("set-up of Toxiproxy", || toxiproxy::ensure(&ready.tools))?;
    step("native tests: unit, doc, integration", || native(&ready))?;
    step("protocol without its features", || protocol_alone(&ready))?;
    step("the session's judge finds known faults", || {
        mutants::measure(&ready.tools.root)
    })?;
    step("simulated worlds, and known faults in them", || {
        sim::measure(&ready.tools.root)
    })?;
    step("protocol for wasm32", || protocol_for_wasm(&ready))?;
    let (app, adapters) = step("build what the tests run", || {
        build::worker(&ready)?;
        npm::build_checkout(&ready)?;
        process::run(&mut command(&ready.tools.root, "cargo", BUILD_EXAMPLES))?;
        process::run(end_to_end(&ready)?.arg("--no-run"))?;
        process::run(&mut command(&ready.tools.root, "cargo", BUILD_BENCH))?;
        process::run(stories(&ready, CONFORMANCE).arg("--no-run"))?;
        process::run(stories(&ready, NETWORKS).arg("--no-run"))?;
        Ok((build::browser_app(&ready)?, adapters::build(&ready)?))
    })?;
    let mut steps = side_by_side(&ready, &chromium, &app)?;
    let mut networks = stories(&ready, NETWORKS);
    networks.env(ADAPTERS, serde_json::to_string(&adapters)?);
    networks.envs(toxiproxy.map(|program| (toxiproxy::VARIABLE, program)));
    with_server(&mut networks)?;
    // Nearly all of it is waiting.
    steps.insert(
        2,
        Step {
            name: "broken networks",
            commands: vec![networks],
        },
    );
    let mut elsewhere = npm::script(&ready.tools, npm::BROWSER_TESTS, "test:others")?;
    with_server(&mut elsewhere)?;
    browsers.with(&mut elsewhere);
    steps.push(Step {
        name: "checkout page and package in Firefox and WebKit",
        commands: vec![elsewhere],
    });
    let mut other = node_tests(&ready, &chromium, backends::TESTS)?;
    other.env(backends::VARIABLE, languages.join(","));
    steps.push(Step {
        name: "backends in other languages",
        commands: vec![other],
    });
    if let Some(kotlin) = &phones.kotlin {
        steps.insert(0, kotlin_library(&ready, kotlin)?);
    }
    if let Some(swift) = &phones.swift {
        steps.insert(0, swift_package::tests(&ready, swift)?);
    }
    step("side by side", || {
        lanes::run(&ready.tools.root.join("target/test-logs"), steps)
    })?;
    step("conformance of every SDK", || {
        // By itself: it judges other programs by the clock, and they are not to wait for a lane's browsers.
        let mut conformance = stories(&ready, CONFORMANCE);
        conformance.env(ADAPTERS, serde_json::to_string(&adapters)?);
        process::run(&mut conformance)
    })?;
    step("hostile clients", || {
        // By itself: what the honest ones notice is measured.
        process::run(&mut bench(&ready, &["hostile", "--quick"])?)
    })?;
    step("sizes", || {
        if phones.kotlin.is_some() {
            kotlin::measure_classes(&ready.tools, For::Tests)?;
        }
        size::measure(&ready)
    })?;
    println!(
        "\n== all steps passed in {:.0} s",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// All that only runs by now, the longest first.
fn side_by_side(ready: &Ready, chromium: &Path, app: &Path) -> Result<Vec<Step>> {
    let mut end_to_end = end_to_end(ready)?;
    end_to_end.args(["--", END_TO_END_THREADS]);
    let mut rust_front_ends = node_tests(ready, chromium, "sdk-wasm/tests/browser")?;
    rust_front_ends.env("TRANSFER_STATUS_BROWSER_APP", app);
    let mut api_descriptions = node_tests(ready, chromium, "server-worker/api-tests")?;
    python::Tool::Schemathesis.with(&ready.tools, &mut api_descriptions)?;
    let npm = |folder, scripts: &[&str]| -> Result<Vec<Command>> {
        let script = |script: &&str| {
            let mut npm = npm::script(&ready.tools, folder, script)?;
            npm.env(chromium::VARIABLE, chromium);
            with_server(&mut npm)?;
            Ok(npm)
        };
        scripts.iter().map(script).collect()
    };
    Ok(vec![
        Step {
            name: "packed package in other people's projects",
            commands: vec![node_tests(ready, chromium, "sdk-wasm/npm/tests/packaging")?],
        },
        Step {
            name: "checkout page and package in Chromium",
            commands: npm(npm::BROWSER_TESTS, &["check", "test"])?,
        },
        Step {
            name: "end to end on workerd",
            commands: vec![end_to_end],
        },
        Step {
            name: "dashboard in Chromium",
            commands: vec![node_tests(ready, chromium, "server-worker/dashboard-tests")?],
        },
        Step {
            name: "client for Rust front ends in Chromium",
            commands: vec![rust_front_ends],
        },
        Step {
            name: "what a million transfers cost",
            commands: vec![bench(ready, &["cost", "--counts", "--transfers", "3"])?],
        },
        Step {
            name: "API descriptions",
            commands: vec![api_descriptions],
        },
        Step {
            name: "npm package",
            commands: npm(npm::PACKAGE, &["check", "test", "lint"])?,
        },
        Step {
            name: "checkout page, types",
            commands: npm(npm::CHECKOUT, &["check"])?,
        },
    ])
}

/// A bench that is a test too, as it is for `cargo xtask bench`, but not built for release.
fn bench(ready: &Ready, args: &[&str]) -> Result<Command> {
    let run = ["run", "--quiet", "--package", END_TO_END, "--bin", BENCH, "--"];
    let mut cargo = command(&ready.tools.root, "cargo", run);
    cargo.args(args);
    with_server(&mut cargo)?;
    Ok(cargo)
}

/// The Kotlin library, whose native half the adapters' build has left in its place, and all that is built on it.
fn kotlin_library(ready: &Ready, kotlin: &Kotlin) -> Result<Step> {
    let mut maven = kotlin.maven(&ready.tools, For::Tests);
    maven.arg("verify");
    with_server(&mut maven)?;
    Ok(Step {
        name: "Kotlin",
        commands: vec![maven],
    })
}

/// The tests in `folder` by the test runner of Node.js, one file at a time.
fn node_tests(ready: &Ready, chromium: &Path, folder: &str) -> Result<Command> {
    let tools = &ready.tools;
    let mut node = tools.on_path(Command::new(tools.node()?))?;
    node.args(["--test", "--test-concurrency=1"])
        .arg(format!("{folder}/*.test.mjs"))
        .current_dir(&tools.root)
        .env(chromium::VARIABLE, chromium);
    with_server(&mut node)?;
    Ok(node)
}

/// Tests start servers by this program, so that they need no second cargo.
pub(crate) fn with_server(command: &mut Command) -> Result<()> {
    command.env("TRANSFER_STATUS_XTASK", std::env::current_exe()?);
    Ok(())
}

fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n== {name}");
    let started = Instant::now();
    let result = work().with_context(|| format!("step \"{name}\""))?;
    println!("== {name}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(result)
}

fn native(ready: &Ready) -> Result<()> {
    let exclude = ["--exclude", END_TO_END, "--exclude", adapters::PACKAGE];
    let mut cargo = command(
        &ready.tools.root,
        "cargo",
        ["test", "--workspace", "--all-features"],
    );
    python::Tool::Kosoku.with(&ready.tools, &mut cargo)?;
    process::run(cargo.args(exclude))
}

fn protocol_alone(ready: &Ready) -> Result<()> {
    let args = [
        "test",
        "--package",
        "transfer-status-protocol",
        "--no-default-features",
    ];
    process::run(&mut command(&ready.tools.root, "cargo", args))
}

fn protocol_for_wasm(ready: &Ready) -> Result<()> {
    for features in ["", "message", "hmac"] {
        let package = ["--package", "transfer-status-protocol", "--no-default-features"];
        build::compile(ready, &[&package[..], &["--features", features]].concat())?;
    }
    Ok(())
}

/// Tells every SDK the same stories; it needs the adapters.
fn stories(ready: &Ready, test: &str) -> Command {
    let args = ["test", "--package", adapters::PACKAGE, "--test", test];
    command(&ready.tools.root, "cargo", args)
}

fn end_to_end(ready: &Ready) -> Result<Command> {
    let mut cargo = command(&ready.tools.root, "cargo", ["test", "--package", END_TO_END]);
    with_server(&mut cargo)?;
    Ok(cargo)
}
