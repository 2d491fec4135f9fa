//! `cargo xtask bench server`: one scenario after the other, each on a server of its own, and where that is wanted beside
//! other services.

use clap::Args;
use tokio::runtime::Runtime;
use transfer_status_e2e::{Options, Server};

use crate::centrifugo::Centrifugo;
use crate::machine::Machine;
use crate::report::Report;
use crate::rounds::{self, Beside, Kind};
use crate::service::Service;
use crate::{fan_out, growth, idle, memory};

#[derive(Args)]
pub(crate) struct ServerArgs {
    /// A load of seconds, to see that it runs; its figures mean little
    #[arg(long)]
    quick: bool,
    /// Print the JSON lines alone
    #[arg(long)]
    json: bool,
    /// Beside the server, measure on the same workerd a bare Durable Object, which stores and tells with neither
    /// signatures nor history; an object that makes the server's calls to the platform, and does nothing else; and a room of
    /// partyserver's as its users write it. Latency and throughput go in turn, and
    /// are compared; so is the processor time, which others on the machine disturb least
    #[arg(long)]
    yardstick: bool,
    /// Beside the server, measure Centrifugo on the same machine
    #[arg(long)]
    centrifugo: bool,
    /// Only these scenarios
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Scenario>,
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

    /// Whether others can do it too. Growth is of the index, which they do not have; memory, which takes minutes, of what
    /// the platform keeps of any object.
    fn is_for(self, other: Other) -> bool {
        match other {
            Other::Yardstick => self != Self::Growth,
            Other::SameCalls | Other::Partyserver | Other::Centrifugo => {
                !matches!(self, Self::Growth | Self::Memory)
            }
        }
    }

    /// Whether it goes in rounds, in which what is beside the server has its turn.
    fn goes_in_rounds(self) -> bool {
        matches!(self, Self::Latency | Self::Throughput)
    }

    /// Runs it on `service`; with `others` beside it where it goes in rounds.
    async fn run(self, service: &dyn Service, others: &[Beside<'_>], quick: bool, report: &Report) {
        match self {
            Self::Latency => rounds::run(Kind::Latency, service, others, quick, report).await,
            Self::Throughput => rounds::run(Kind::Throughput, service, others, quick, report).await,
            Self::FanOut => fan_out::run(service, quick, report).await,
            Self::Growth => growth::run(service, quick, report).await,
            Self::Idle => idle::run(service, quick, report).await,
            Self::Memory => memory::run(service, quick, report).await,
        }
    }
}

/// What is measured beside the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    Yardstick,
    SameCalls,
    Partyserver,
    Centrifugo,
}

impl Other {
    /// What it is called in the results.
    fn name(self) -> &'static str {
        match self {
            Self::Yardstick => "a bare object",
            Self::SameCalls => "the same calls alone",
            Self::Partyserver => "a partyserver room",
            Self::Centrifugo => "Centrifugo",
        }
    }

    fn start(self) -> Box<dyn Service> {
        match self {
            Self::Yardstick => Box::new(Server::start(Options::default().yardstick())),
            Self::SameCalls => Box::new(Server::start(Options::default().same_calls())),
            Self::Partyserver => Box::new(Server::start(Options::default().partyserver())),
            Self::Centrifugo => Box::new(Centrifugo::start()),
        }
    }
}

/// Runs what is wanted. No scenario finds what another has left.
pub(crate) fn run(args: &ServerArgs, runtime: &Runtime) {
    let report = Report::new(args.json);
    let mut wanted = Vec::new();
    if args.yardstick {
        wanted.extend([Other::Yardstick, Other::SameCalls, Other::Partyserver]);
    }
    if args.centrifugo {
        wanted.push(Other::Centrifugo);
    }
    for scenario in Scenario::ALL {
        if !args.only.is_empty() && !args.only.contains(&scenario) {
            continue;
        }
        let others = wanted.iter().copied().filter(|other| scenario.is_for(*other));
        if scenario.goes_in_rounds() {
            let others: Vec<_> = others.map(|other| (other.name(), other.start())).collect();
            let others: Vec<_> = others
                .iter()
                .map(|(name, service)| Beside {
                    name,
                    service: service.as_ref(),
                })
                .collect();
            let server = Server::start(Options::default());
            report.machine_once(|| Machine::look(server.folder()));
            runtime.block_on(scenario.run(&server, &others, args.quick, &report));
            continue;
        }
        // One at a time: what others hold in memory is not to be in anybody's way.
        let server = Server::start(Options::default());
        report.machine_once(|| Machine::look(server.folder()));
        runtime.block_on(scenario.run(&server, &[], args.quick, &report));
        drop(server);
        for other in others {
            let service = other.start();
            report.of(other.name(), || {
                runtime.block_on(scenario.run(service.as_ref(), &[], args.quick, &report));
            });
        }
    }
}
