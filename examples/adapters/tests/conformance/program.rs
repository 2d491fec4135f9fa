//! What both programs of stories do from start to end: the negative control, the choice, the telling, the report.

use std::process::ExitCode;

use anyhow::Result;

use crate::choice::{self, Choice};
use crate::{naive, report, run};

/// Tells the stories of this program, `name`, and is its exit code.
///
/// `begin` starts what they need, once it is known that they are told; what it gives ends after the last of them.
pub(crate) fn tell<Needed>(name: &str, begin: impl FnOnce() -> Result<Needed>) -> ExitCode {
    match told_well(name, begin) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every SDK holds what is asked of it, and the negative control does not.
fn told_well<Needed>(name: &str, begin: impl FnOnce() -> Result<Needed>) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    if std::env::args().any(|argument| argument == naive::FLAG) {
        runtime.block_on(naive::adapter());
        return Ok(true);
    }
    let Some(choice) = Choice::read()? else {
        println!(
            "{name}: skipped, for {} names no adapters; `cargo xtask adapters --json` prints them",
            choice::VARIABLE
        );
        return Ok(true);
    };
    let needed = begin()?;
    let results = runtime.block_on(run::all(&choice));
    let is_good = report::print(&results, &choice);
    // Whoever still waits is of a story that has been told.
    runtime.shutdown_background();
    drop(needed);
    Ok(is_good)
}
