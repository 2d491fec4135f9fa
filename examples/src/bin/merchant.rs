//! The shop's backend as a program. Settings come from the environment, see `merchant::Config`.

use std::env;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;
use transfer_status_examples::merchant::{Config, serve};
use transfer_status_examples::signal::asked_to_stop;

/// How long requests under way may take once the process was asked to stop.
const GRACE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("merchant: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "whoever started the program reads its address"
)]
async fn run() -> anyhow::Result<()> {
    let config = Config::read(|name| env::var(name).ok())?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    println!("listening on http://{}", listener.local_addr()?);

    let (stop, stopping) = oneshot::channel();
    let server = serve(listener, &config, async {
        let _ = stopping.await;
    });
    let mut server = pin!(server);
    tokio::select! {
        served = &mut server => return served.context("the listener failed"),
        asked = asked_to_stop() => asked.context("cannot wait for signals")?,
    }
    let _ = stop.send(());
    match timeout(GRACE, server).await {
        Ok(served) => served.context("the listener failed"),
        // A client that does not end its request does not keep the process.
        Err(_) => Ok(()),
    }
}
