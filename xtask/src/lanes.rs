//! Steps that run side by side: most of a test's time is waiting, so two lanes of them fill the machine.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use crate::process;

/// More would only wait for each other on a machine of two cores, and hold up what a test measures.
const LANES: usize = 2;

/// Commands that belong together, one after the other.
pub(crate) struct Step {
    /// What it is called in the output.
    pub(crate) name: &'static str,
    /// What it runs; the first that fails ends it.
    pub(crate) commands: Vec<Command>,
}

/// Runs `steps`, some at a time, in this order. What a step prints comes out in one piece once it has ended.
///
/// # Errors
/// When a step fails: none is begun after it, and those that run are waited for.
pub(crate) fn run(logs: &Path, steps: Vec<Step>) -> Result<()> {
    fs::create_dir_all(logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let queue = Mutex::new(VecDeque::from(steps));
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(step) = next(&queue) {
                    let name = step.name;
                    if let Err(error) = carry_out(logs, step) {
                        if let Ok(mut queue) = queue.lock() {
                            queue.clear();
                        }
                        if let Ok(mut failures) = failures.lock() {
                            failures.push(format!("step \"{name}\": {error:#}"));
                        }
                    }
                }
            });
        }
    });
    let failures = failures
        .into_inner()
        .map_err(|_| anyhow!("a lane has panicked"))?;
    if !failures.is_empty() {
        bail!("{}", failures.join("; "));
    }
    Ok(())
}

fn next(queue: &Mutex<VecDeque<Step>>) -> Option<Step> {
    queue.lock().ok()?.pop_front()
}

fn carry_out(logs: &Path, step: Step) -> Result<()> {
    let name = step.name;
    println!("== {name}: begins");
    let started = Instant::now();
    let log = logs.join(format!("{}.log", name.replace([' ', ':', ','], "-")));
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let result = step.commands.into_iter().try_for_each(|mut command| {
        command.stdout(file.try_clone()?).stderr(file.try_clone()?);
        process::run(&mut command)
    });
    // One call, so that no other lane's output comes in between.
    let output = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let word = if result.is_ok() { "" } else { "FAILED after " };
    let seconds = started.elapsed().as_secs_f64();
    println!("\n== {name}\n{output}== {name}: {word}{seconds:.1} s");
    result
}
