//! `cargo xtask test`: every test there is, in the order that fails soonest.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::process::{self, command};
use crate::setup::{self, Ready};
use crate::wasm_target::TARGET;
use crate::{build, size};

/// The crate of the tests that need the server running.
const END_TO_END: &str = "transfer-status-e2e";

/// Runs all tests; stops at the first step that fails.
pub(crate) fn run() -> Result<()> {
    let started = Instant::now();
    let ready = step("set-up", setup::ensure)?;
    step("native tests: unit, doc, integration", || native(&ready))?;
    step("protocol without its features", || protocol_alone(&ready))?;
    step("protocol for wasm32", || protocol_for_wasm(&ready))?;
    step("build the Worker and the session", || {
        build::worker(&ready)?;
        build::session(&ready)
    })?;
    step("end to end on workerd", || end_to_end(&ready))?;
    step("sizes", || size::measure(&ready))?;
    println!(
        "\n== all steps passed in {:.0} s",
        started.elapsed().as_secs_f64()
    );
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
    let args = ["test", "--workspace", "--all-features", "--exclude", END_TO_END];
    process::run(&mut command(&ready.tools.root, "cargo", args))
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
        let mut cargo = ready.wasm.command(&ready.tools, "cargo");
        cargo
            .args([
                "build",
                "--package",
                "transfer-status-protocol",
                "--target",
                TARGET,
            ])
            .args(["--no-default-features", "--features", features])
            .current_dir(&ready.tools.root);
        process::run(&mut cargo)?;
    }
    Ok(())
}

fn end_to_end(ready: &Ready) -> Result<()> {
    let mut cargo = command(&ready.tools.root, "cargo", ["test", "--package", END_TO_END]);
    // The tests start servers by this program, so that they need no second cargo.
    cargo.env("TRANSFER_STATUS_XTASK", std::env::current_exe()?);
    process::run(&mut cargo)
}
