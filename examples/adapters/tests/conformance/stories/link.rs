//! How long a client waits for a socket, and how it finds out that one is dead.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use super::{Story, story};
use crate::stage::{Stage, no_sooner};

pub(super) const STORIES: &[Story] = &[
    story!(
        an_upgrade_that_is_never_answered_is_given_up,
        "An attempt has 10 s, and from the open socket the first status has 10 s."
    ),
    story!(
        an_open_socket_that_says_nothing_is_given_up,
        "from the open socket the first status has 10 s"
    ),
    story!(
        a_dead_link_is_found_out_by_a_ping,
        "After 20 s with no frame, send `ping`; if no frame comes for 10 s after it, drop the socket without waiting for its close, and connect anew."
    ),
    story!(
        a_quiet_link_that_answers_is_kept,
        "After 20 s with no frame, send `ping`"
    ),
    story!(
        a_process_that_was_stopped_keeps_its_good_link,
        "if no frame comes for 10 s after it, drop the socket"
    )
    .alone()
    .needs(&["signals"]),
];

async fn an_upgrade_that_is_never_answered_is_given_up(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    server.on_dial(|dial| async move {
        match dial.place.number {
            0 => dial.hang().await,
            _ => dial.welcome().await,
        }
    });
    let begun = Instant::now();
    let watch = stage.watch(&server);
    stage.dial(&server, 2, begun, 10.0, 11.0).await?;
    // A browser that is told no cause knows this one: the time is the client's own.
    stage.problem(&watch, 0.0, &["timeout"]).await?;
    stage.live(&watch).await
}

async fn an_open_socket_that_says_nothing_is_given_up(stage: &Stage) -> Result<()> {
    let server = stage.server().await?;
    let begun = Instant::now();
    let watch = stage.watch(&server);
    stage.dial(&server, 2, begun, 10.0, 11.0).await?;
    ensure!(
        !watch.has_been("live"),
        "nothing has said that the transfer is there, and it was told as live"
    );
    stage.problem(&watch, 0.0, &["timeout"]).await?;
    Ok(())
}

async fn a_dead_link_is_found_out_by_a_ping(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let begun = Instant::now();
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    socket.leave_pings();
    let ping = stage
        .until(21.0, "a ping", || socket.pings().first().copied())
        .await?;
    no_sooner(ping.saturating_duration_since(begun), 20.0, "the ping")?;
    // From here on nothing is read either, so no close of the client's is answered.
    socket.freeze();
    stage.dial(&server, 2, begun, 30.0, 31.0).await?;
    stage
        .so(0.0, "told as reconnecting", || watch.has_been("reconnecting"))
        .await
}

async fn a_quiet_link_that_answers_is_kept(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    stage.so(21.0, "a ping", || socket.pings().len() == 1).await?;
    stage
        .never(12.0, "a dial, or an end of the link", || {
            server.dialled() > 1 || socket.end().is_some()
        })
        .await?;
    // A connection is a state, not a log: who asks late has missed that it was being made.
    let mut states = watch.states();
    states.retain(|state| state != "connecting");
    ensure!(states == ["live"], "the states are {:?}", watch.states());
    ensure!(
        socket.texts().len() == 1,
        "the client has said {:?}",
        socket.texts()
    );
    Ok(())
}

async fn a_process_that_was_stopped_keeps_its_good_link(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    socket.leave_pings();
    stage.so(21.0, "a ping", || socket.pings().len() == 1).await?;
    // It rests, waiting for its sockets, as nearly always: stopped there, it finds its timers before its sockets.
    sleep(Duration::from_millis(300)).await;
    let process = stage.adapter.process_id().context("the adapter has ended")?;
    let process = Pid::from_raw(i32::try_from(process)?).context("no id of a process")?;
    kill_process(process, Signal::STOP)?;
    // The answer lies in the client's buffer when it wakes, and its time for an answer is over.
    socket.pong();
    sleep(Duration::from_millis(10_200)).await;
    kill_process(process, Signal::CONT)?;
    stage
        .never(3.0, "a dial, or an end of the link", || {
            server.dialled() > 1 || socket.end().is_some()
        })
        .await?;
    socket.status(&stage.transfer(2, "processing"));
    stage.so(0.0, "the next status", || watch.has_shown(2)).await
}
