//! Steps that run side by side: most of a test's time is waiting, so two lanes of them fill the machine.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Error, Result, anyhow, bail};

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
                    if let Err((error, output)) = carry_out(logs, step) {
                        if let Ok(mut queue) = queue.lock() {
                            queue.clear();
                        }
                        if let Ok(mut failures) = failures.lock() {
                            failures.push((name, error, output));
                        }
                    }
                }
            });
        }
    });
    let failures = failures
        .into_inner()
        .map_err(|_| anyhow!("a lane has panicked"))?;
    if failures.is_empty() {
        return Ok(());
    }
    let mut names = Vec::new();
    for (name, error, output) in failures {
        println!("\n== {name}, once more: why it failed");
        for line in reasons(&output) {
            println!("{line}");
        }
        names.push(format!("step \"{name}\": {error:#}"));
    }
    bail!("{}", names.join("; "));
}

/// How a line begins, white space aside, or what it holds, that says what has failed.
const SIGNS: [&str; 5] = ["not ok ", "FAILED", "panicked at", "[ERROR]", "error:"];
/// How many lines are shown from such a line on.
const FROM_SIGN: usize = 15;
/// How many lines of a failed step are repeated, at most.
const MOST: usize = 150;

/// What of a failed step's output tells why, to be read at the very end: the rest is far above by then.
fn reasons(output: &str) -> Vec<&str> {
    let mut told = Vec::new();
    let mut left = 0;
    for line in output.lines() {
        if SIGNS.iter().any(|sign| line.contains(sign)) {
            left = FROM_SIGN;
        }
        if left > 0 {
            left -= 1;
            told.push(line);
        }
    }
    if told.is_empty() {
        told = output.lines().collect();
    }
    let begin = told.len().saturating_sub(MOST);
    told.split_off(begin)
}

fn next(queue: &Mutex<VecDeque<Step>>) -> Option<Step> {
    queue.lock().ok()?.pop_front()
}

/// Runs one step; where it fails, with what it has printed.
fn carry_out(logs: &Path, step: Step) -> Result<(), (Error, String)> {
    let name = step.name;
    println!("== {name}: begins");
    let started = Instant::now();
    let log = logs.join(format!("{}.log", name.replace([' ', ':', ','], "-")));
    let result = into_log(&log, step.commands);
    let output = fs::read(&log).unwrap_or_default();
    let output = String::from_utf8_lossy(&output).into_owned();
    let word = if result.is_ok() { "" } else { "FAILED after " };
    let seconds = started.elapsed().as_secs_f64();
    // One call, so that no other lane's output comes in between.
    println!("\n== {name}\n{output}== {name}: {word}{seconds:.1} s");
    result.map_err(|error| (error, output))
}

fn into_log(log: &Path, commands: Vec<Command>) -> Result<()> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    commands.into_iter().try_for_each(|mut command| {
        command.stdout(file.try_clone()?).stderr(file.try_clone()?);
        process::run(&mut command)
    })
}

#[cfg(test)]
mod tests {
    use super::reasons;

    #[test]
    fn the_reason_is_told_and_what_passed_is_not() {
        let output = "ok 1\nnot ok 2 - the page\n  expected 200\n";
        assert_eq!(reasons(output), ["not ok 2 - the page", "  expected 200"]);
    }

    #[test]
    fn an_output_that_names_no_failure_is_told_by_its_end() {
        let output = "line\n".repeat(1_000);
        assert_eq!(reasons(&output).len(), super::MOST);
    }
}
