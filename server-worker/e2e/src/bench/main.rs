//! `cargo xtask bench server`, `cost`, `hostile` and `watches`: what the server does in a second, what a million transfers
//! cost, what hostile clients cost everybody else, and what a watch of the Rust SDK weighs.
//!
//! All but the last run the built Worker on workerd's own socket, from one process, with a load that is bounded in count. JSON
//! lines go to stdout, one a scenario, the first one the machine; a table for people goes to stderr.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command line tool talks on stdout")]

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
mod stand;
mod throughput;
mod watches;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use transfer_status_e2e::{Options, Server};

use crate::machine::Machine;
use crate::report::Report;
use crate::rounds::Kind;

#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Latency, throughput, fan-out, growth, idle sockets and memory of the real server on local workerd
    Server(ServerArgs),
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
struct ServerArgs {
    /// A load of seconds, to see that it runs; its figures mean little
    #[arg(long)]
    quick: bool,
    /// Print the JSON lines alone
    #[arg(long)]
    json: bool,
    /// Beside the server, measure the least that a Durable Object can do on this machine: what it stores and answers
    /// with neither signatures nor history. Latency and throughput go in turn, and are compared; so is the processor
    /// time, which others on the machine disturb least
    #[arg(long)]
    yardstick: bool,
    /// Only these scenarios
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Scenario>,
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

/// One scenario, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Scenario {
    Latency,
    Throughput,
    FanOut,
    Growth,
    Idle,
    Memory,
}

impl Scenario {
    const ALL: [Self; 6] = [
        Self::Latency,
        Self::Throughput,
        Self::FanOut,
        Self::Growth,
        Self::Idle,
        Self::Memory,
    ];

    /// Whether the platform alone can do it too.
    fn is_of_the_platform(self) -> bool {
        self != Self::Growth
    }

    /// What it is where it goes in rounds.
    fn rounds(self) -> Option<Kind> {
        match self {
            Self::Latency => Some(Kind::Latency),
            Self::Throughput => Some(Kind::Throughput),
            _ => None,
        }
    }

    async fn run(self, server: &Server, quick: bool, report: &Report) {
        match self {
            Self::Latency => rounds::run(Kind::Latency, server, None, quick, report).await,
            Self::Throughput => rounds::run(Kind::Throughput, server, None, quick, report).await,
            Self::FanOut => fan_out::run(server, quick, report).await,
            Self::Growth => growth::run(server, quick, report).await,
            Self::Idle => idle::run(server, quick, report).await,
            Self::Memory => memory::run(server, quick, report).await,
        }
    }
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the runtime starts");
    match Cli::parse().bench {
        Bench::Server(args) => {
            let report = Report::new(args.json);
            for scenario in Scenario::ALL {
                if !args.only.is_empty() && !args.only.contains(&scenario) {
                    continue;
                }
                // A server of its own, so that no scenario finds what another has left.
                let on = |options| {
                    let server = Server::start(options);
                    report.machine_once(|| Machine::look(server.folder()));
                    runtime.block_on(scenario.run(&server, args.quick, &report));
                };
                if let (true, Some(kind)) = (args.yardstick, scenario.rounds()) {
                    let bare = Server::start(Options::default().yardstick());
                    let server = Server::start(Options::default());
                    report.machine_once(|| Machine::look(server.folder()));
                    runtime.block_on(rounds::run(kind, &server, Some(&bare), args.quick, &report));
                    continue;
                }
                if args.yardstick && scenario.is_of_the_platform() {
                    report.of_the_yardstick(|| on(Options::default().yardstick()));
                }
                on(Options::default());
            }
            ExitCode::SUCCESS
        }
        Bench::Hostile(args) => {
            let report = Report::new(args.json);
            let size = if args.quick {
                hostile::Size::QUICK
            } else {
                hostile::Size::FULL
            };
            let server = Server::start(hostile::options());
            report.machine_once(|| Machine::look(server.folder()));
            match runtime.block_on(hostile::run(&server, size, &report)) {
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
