//! `transfer-status-sim`: worlds from seeds, on all cores. `cargo xtask sim` builds and runs it.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command line tool talks on stdout")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Parser;
use transfer_status_sim::{Fault, Plan, run, shrink};

/// Lets worlds happen in virtual time and holds each against PROTOCOL.md.
#[derive(Parser)]
#[command(name = "cargo xtask sim")]
struct Args {
    /// So many worlds
    #[arg(long, default_value_t = 10_000)]
    worlds: u64,
    /// The first world's seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only the world of this seed, with all that happens in it; a failing one is made smaller first
    #[arg(long)]
    seed: Option<u64>,
    /// With a fault put in, which the judge must find within the worlds; `all` tries each
    #[arg(long)]
    fault: Option<String>,
    /// So many threads; as many as there are cores unless set
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let fault = args.fault.as_deref().filter(|name| *name != "all");
    let fault = match fault.map(|name| Fault::named(name).ok_or(name)).transpose() {
        Ok(fault) => fault,
        Err(name) => {
            let names: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
            bail!("there is no fault {name}; there are {}", names.join(", "));
        }
    };
    if let Some(seed) = args.seed {
        return replay(seed, fault);
    }
    let threads = args
        .threads
        .or(std::thread::available_parallelism().ok().map(usize::from));
    let threads = threads.unwrap_or(1);
    if args.fault.as_deref() == Some("all") {
        return find_all(args.from, args.worlds, threads);
    }
    let began = Instant::now();
    let (found, worlds, events) = search(args.from, args.worlds, threads, fault);
    let seconds = began.elapsed().as_secs_f64();
    println!("{worlds} worlds, {events} events, {seconds:.1} s on {threads} threads");
    match (found, fault) {
        (None, None) => Ok(()),
        (Some(seed), Some(_)) => replay(seed, fault).or(Ok(())),
        (Some(seed), None) => replay(seed, None),
        (None, Some(fault)) => bail!("no world shows {}", fault.name()),
    }
}

/// Tries worlds until one fails: the first such seed, and how many worlds and events there were.
fn search(from: u64, worlds: u64, threads: usize, fault: Option<Fault>) -> (Option<u64>, u64, u64) {
    let (next, events, count) = (AtomicU64::new(from), AtomicU64::new(0), AtomicU64::new(0));
    let stops = AtomicBool::new(false);
    let found: Mutex<Option<u64>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stops.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from.saturating_add(worlds) {
                        return;
                    }
                    let outcome = run(&Plan::of(seed), fault, false);
                    events.fetch_add(outcome.events, Ordering::Relaxed);
                    let done = count.fetch_add(1, Ordering::Relaxed) + 1;
                    if done % 100_000 == 0 {
                        println!("{done} worlds");
                    }
                    if outcome.violation.is_some() {
                        stops.store(true, Ordering::Relaxed);
                        if let Ok(mut found) = found.lock() {
                            *found = Some(found.map_or(seed, |other| other.min(seed)));
                        }
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or(None);
    (found, count.into_inner(), events.into_inner())
}

/// Each fault has to be found.
fn find_all(from: u64, worlds: u64, threads: usize) -> Result<()> {
    let mut missed = Vec::new();
    for fault in Fault::ALL {
        let (found, tried, _) = search(from, worlds, threads, Some(*fault));
        match found {
            Some(seed) => {
                let violation = run(&Plan::of(seed), Some(*fault), false).violation;
                let rule = violation.map_or("", |violation| violation.rule);
                println!(
                    "{:<28} found after {tried} worlds by seed {seed}: \"{rule}\"",
                    fault.name()
                );
            }
            None => missed.push(fault.name()),
        }
    }
    match missed.is_empty() {
        true => Ok(()),
        false => bail!("{worlds} worlds did not show {}", missed.join(", ")),
    }
}

/// Tells all that happens in a world, and of a failing one only what matters.
fn replay(seed: u64, fault: Option<Fault>) -> Result<()> {
    let mut plan = Plan::of(seed);
    if run(&plan, fault, false).violation.is_some() {
        let before = plan.size();
        plan = shrink(&plan, fault, 600);
        println!(
            "seed {seed}, made smaller from {before} to {}: {plan:?}",
            plan.size()
        );
    }
    let outcome = run(&plan, fault, true);
    for line in &outcome.trace {
        println!("{line}");
    }
    match outcome.violation {
        Some(violation) => bail!(
            "seed {seed}: \"{}\" does not hold at {} ms: {}\nagain: cargo xtask sim --seed {seed}",
            violation.rule,
            violation.at,
            violation.detail
        ),
        None => {
            println!(
                "seed {seed}: every promise was kept, in {} events",
                outcome.events
            );
            Ok(())
        }
    }
}
