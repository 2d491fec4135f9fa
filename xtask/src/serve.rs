//! `cargo xtask serve`: the real server on local workerd, by `xtask/tools/serve.mjs`.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::Tools;
use crate::{build, setup};

/// What the environment does, for `--help`.
const ENVIRONMENT: &str = "\
Secrets and variables come from the environment: HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, ADMIN_TOKEN, ALLOWED_ORIGINS,
MAX_WATCHERS and the others that the server knows. The first three have development defaults, which are printed.
A variable that is set but empty counts as unset, without a default.";

/// Options of `cargo xtask serve`.
#[derive(clap::Args)]
#[command(after_help = ENVIRONMENT)]
pub(crate) struct Args {
    /// The port on 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// The folder that keeps the state, so that it is there after a restart [default: target/serve]
    #[arg(long, value_name = "DIR")]
    persist_to: Option<PathBuf>,
    /// Take commands as JSON lines on stdin, for tests (see xtask/tools/control.mjs); the end of stdin stops the server
    #[arg(long)]
    control: bool,
    /// Put xtask/tools/instruments.mjs in front of the Worker, for tests: it makes parts of the platform fail when told to
    #[arg(long)]
    instruments: bool,
    /// Let clients talk to workerd's own socket, with nothing in between; there is no other way here
    #[arg(long)]
    direct: bool,
}

/// Builds the Worker if needed and becomes the server; returns only when it could not be started.
pub(crate) fn run(args: &Args) -> Result<()> {
    let ready = setup::ensure()?;
    build::worker(&ready)?;
    let mut node = command(&ready.tools)?;
    node.args(["--port", &args.port.to_string()]);
    node.arg("--persist-to").arg(match &args.persist_to {
        Some(folder) => folder.clone(),
        None => ready.tools.root.join("target/serve"),
    });
    // Nothing to do for it: serve.mjs has no other way.
    let _ = args.direct;
    if args.control {
        node.arg("--control");
    }
    if args.instruments {
        node.arg("--instruments");
    }
    // Taking the place of this process leaves signals and the exit status to the server itself.
    Err(node.exec()).context("cannot start node")
}

/// The server on the Worker that is built already; `--persist-to` has to be added, the other options may be.
pub(crate) fn command(tools: &Tools) -> Result<Command> {
    let mut node = Command::new(tools.node()?);
    node.arg(tools.npm_folder().join("serve.mjs"));
    node.arg("--config")
        .arg(tools.root.join("server-worker/wrangler.jsonc"));
    Ok(node)
}
