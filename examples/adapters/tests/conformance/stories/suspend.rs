//! A host that is about to be frozen, and is back.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;

use super::{Story, story};
use crate::stage::Stage;

pub(super) const STORIES: &[Story] = &[
    story!(
        suspended_it_drops_the_socket_and_rests_until_it_is_woken,
        "Suspend drops the socket and rests, with no timer left; only resume, foreground and visible wake it, all three as foreground."
    )
    .alone(),
    story!(suspended_while_it_polls_it_rests, "Suspend drops the socket and rests, with no timer left").alone(),
];

async fn suspended_it_drops_the_socket_and_rests_until_it_is_woken(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    watch.hint("suspend");
    stage
        .so(0.0, "the socket's end", || socket.end().is_some())
        .await?;
    server.holds(stage.transfer(2, "processing"));
    for hint in ["online", "networkChanged", "offline"] {
        if stage.adapter.can(&format!("hint:{hint}")) {
            watch.hint(hint);
        }
    }
    stage
        .never(5.0, "a dial or a poll while suspended", || {
            server.dialled() > 1 || server.polled() > 0
        })
        .await?;
    watch.hint("resume");
    stage.so(0.5, "the news after it", || watch.has_shown(2)).await?;
    stage.live(&watch).await?;

    // Its user may leave meanwhile.
    watch.hint("suspend");
    sleep(Duration::from_millis(500)).await;
    watch.close();
    stage.closed(&watch, 1.0, "user").await?;
    Ok(())
}

async fn suspended_while_it_polls_it_rests(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    server.on_dial(|dial| async move { drop(dial) });
    let watch = stage.watch(&server);
    stage
        .so(2.5, "the status by a poll", || watch.has_shown(1))
        .await?;
    watch.hint("suspend");
    // What was on its way may still come in.
    sleep(Duration::from_millis(1_500)).await;
    let (dialled, polled) = (server.dialled(), server.polled());
    let is_more = || server.dialled() > dialled || server.polled() > polled;
    stage
        .never(9.0, "a dial or a poll while suspended", is_more)
        .await?;
    server.on_dial(|dial| async move { dial.welcome().await });
    watch.hint("resume");
    stage.live(&watch).await
}
