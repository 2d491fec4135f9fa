//! `cargo xtask bench server`, `cost`, `hostile` and `watches`: what the server does in a second, what a million transfers
//! cost, what hostile clients cost everybody else, and what a watch of the Rust SDK weighs.
//!
//! All but the last run the built Worker on workerd's own socket, from one process, with a load that is bounded in count. JSON
//! lines go to stdout, one a scenario, the first one the machine; a table for people goes to stderr.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command line tool talks on stdout")]

mod backend;
mod centrifugo;
mod cost;
mod fan_out;
mod growth;
mod hostile;
mod idle;
mod latency;
mod load;
mod machine;
mod memory;
mod prices;
mod report;
mod rounds;
mod server;
mod service;
mod stand;
mod throughput;
mod watcher;
mod watches;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use transfer_status_e2e::Server;

use crate::machine::Machine;
use crate::report::Report;

#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Latency, throughput, fan-out, growth, idle sockets and memory of the real server on local workerd
    Server(server::ServerArgs),
    /// Count what one transfer needs of the platform and price a million; fails when over the limit
    Cost(CostArgs),
    /// Let hostile clients loose on it, and measure what the honest ones notice; fails when something does not hold
    Hostile(HostileArgs),
    /// What thousands of watches of the Rust SDK in one process weigh, and how soon each has news
    Watches(WatchesArgs),
    /// The service of `watches`
    #[command(hide = true)]
    Stand,
}

#[derive(Args)]
struct CostArgs {
    /// Transfers to live through; the counts are divided by it
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    transfers: u32,
    /// Leave out of the judgement what is measured by the clock, which says little on a machine that does other things
    #[arg(long)]
    counts: bool,
    /// Print the JSON lines alone
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct HostileArgs {
    /// Hundreds of sockets instead of ten thousand, as the tests have it
    #[arg(long)]
    quick: bool,
    /// Only these attacks
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<hostile::Attack>,
    /// Print the JSON lines alone
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct WatchesArgs {
    /// Watches in the process
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    count: u32,
    /// Print the JSON lines alone
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the runtime starts");
    match Cli::parse().bench {
        Bench::Server(args) => {
            server::run(&args, &runtime);
            ExitCode::SUCCESS
        }
        Bench::Hostile(args) => {
            let report = Report::new(args.json);
            let size = if args.quick {
                hostile::Size::QUICK
            } else {
                hostile::Size::FULL
            };
            // The server inherits it.
            let wanted = size.open_files();
            let allowed = machine::raise_open_files(wanted);
            let size = size.with_open_files(allowed);
            if allowed < wanted {
                report.say(&format!(
                    "{allowed} open files are allowed, so {} sockets are open at a time; for {} raise the hard limit (`ulimit -Hn`) to {wanted}",
                    size.at_once, size.sockets
                ));
            }
            let server = Server::start(hostile::options());
            report.machine_once(|| Machine::look(server.folder()));
            match runtime.block_on(hostile::run(&server, size, &args.only, &report)) {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Bench::Cost(args) => {
            let report = Report::new(args.json);
            let server = Server::start(cost::options());
            report.machine_once(|| Machine::look(server.folder()));
            match runtime.block_on(cost::run(&server, args.transfers, args.counts, &report)) {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Bench::Watches(args) => {
            let report = Report::new(args.json);
            report.machine_once(|| Machine::look(&std::env::temp_dir()));
            match runtime.block_on(watches::run(args.count as usize, &report)) {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Bench::Stand => {
            runtime.block_on(stand::serve());
            ExitCode::SUCCESS
        }
    }
}
