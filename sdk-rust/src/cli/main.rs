//! The `transfer-status` command: watch, get, scan, update, sign, mint, verify, qr.

mod get;
mod mint;
mod output;
mod qr;
mod scan;
mod secret;
mod sign;
mod target;
mod update;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use output::Output;

const AFTER_HELP: &str = "\
Secrets come from the environment or standard input, never from an argument, which other users of the machine can read:
  HMAC_SECRET                 signs updates; signs subscriptions where there is no other
  SUBSCRIBE_HMAC_SECRET       signs subscriptions
  HMAC_SECRET_PREVIOUS, SUBSCRIBE_HMAC_SECRET_PREVIOUS
                              accepted by `verify` as well
  TRANSFER_STATUS_SIGNATURE   the signature of a subscription (watch, get, scan, qr, verify)
                              or of an update (verify)
  TRANSFER_STATUS_QR          the payload of a QR code (watch, get, scan with --qr)

Exit codes:
  0  done; for `watch`: the transfer reached a final status, whichever it is
  1  failed: refused, not valid, or out of reach
  2  the command line is wrong

Examples:
  export TRANSFER_STATUS_URL=https://status.example.com
  export TRANSFER_STATUS_SIGNATURE=$(transfer-status mint order-1042 --merchant-id m-7)
  transfer-status qr order-1042 --page https://pay.example.com
  transfer-status watch order-1042
  transfer-status update order-1042 completed --amount 12.10 --message 'Thank you'";

/// Watch and report the status of payments.
#[derive(Debug, Parser)]
#[command(name = "transfer-status", version, after_help = AFTER_HELP, max_term_width = 110)]
struct Cli {
    /// Print JSON, one object a line; errors too, on standard error.
    #[arg(long, global = true)]
    json: bool,
    /// Tell on standard error what the network does. Holds no secret.
    #[arg(long, short, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch a transfer until its final status.
    Watch(watch::Args),
    /// Print a transfer as it stands.
    Get(get::Args),
    /// Tell the watchers of a transfer that its QR code was scanned.
    Scan(scan::Args),
    /// Report a transfer's status, signed.
    Update(update::Args),
    /// Sign a body as an update: prints the two headers to send with it.
    Sign(sign::Args),
    /// Make the signature that lets its holder watch a transfer.
    Mint(mint::Args),
    /// Check the signature of a subscription or of an update.
    #[command(subcommand)]
    Verify(verify::Args),
    /// Draw the QR code that lets a phone watch a transfer.
    Qr(qr::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.verbose {
        let ours = Targets::new().with_target("transfer_status", LevelFilter::DEBUG);
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        tracing_subscriber::registry().with(lines).with(ours).init();
    }
    let mut output = Output::new(cli.json);
    let done = match cli.command {
        Command::Watch(args) => watch::run(args, &mut output),
        Command::Get(args) => get::run(args, &mut output),
        Command::Scan(args) => scan::run(args, &mut output),
        Command::Update(args) => update::run(args, &mut output),
        Command::Sign(args) => sign::run(&args, &mut output),
        Command::Mint(args) => mint::run(args, &mut output),
        Command::Verify(args) => verify::run(args, &mut output),
        Command::Qr(args) => qr::run(args, &mut output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads any more, as with `| head -1`: what was asked for is done.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Runs a command that needs the network.
fn on_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
