//! Which ends of a socket stop a client.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::Instant;

use super::{Story, story};
use crate::socket::Socket;
use crate::stage::{Stage, no_sooner};

pub(super) const STORIES: &[Story] = &[
    story!(
        an_end_that_is_the_networks_is_followed_by_a_dial,
        "| 1001, 1005, 1006, 1011, 1012, 1013, and every other | network, deploy, overload | retries |"
    ),
    story!(
        a_refusal_stops_the_client,
        "| 4401 | the signature is wrong, or for another transfer | stops |"
    ),
    story!(
        too_many_watchers_are_told_and_come_back_after_ten_seconds,
        "| 4429 | too many watchers of this transfer (`MAX_WATCHERS`, 1,000 unless set), or too many attempts | retries, no sooner than after 10 s |"
    ),
    story!(
        a_1000_before_the_end_is_asked_about,
        "A close with 1000 before a final status is first looked into: poll until an answer comes, with backoff, for up to a minute."
    ),
    story!(
        a_1000_while_it_is_not_over_is_a_1001,
        "`pending`, `processing` or no answer makes the 1000 a 1001: a client stops only where it knows that it is over."
    ),
    story!(
        a_1000_after_a_status_of_unknown_name_is_the_end,
        "A final status, or one whose name the client does not know, is shown and is the end"
    ),
];

async fn an_end_that_is_the_networks_is_followed_by_a_dial(stage: &Stage) -> Result<()> {
    type End = fn(&Socket);
    let ends: [(&str, End); 8] = [
        ("1001", |socket| socket.close(1001)),
        ("1011", |socket| socket.close(1011)),
        ("1012", |socket| socket.close(1012)),
        ("1013", |socket| socket.close(1013)),
        ("4408", |socket| socket.close(4408)),
        ("4999", |socket| socket.close(4999)),
        ("1005", |socket| socket.close_without_code()),
        ("1006", |socket| socket.reset()),
    ];
    let mut told = Vec::new();
    for (code, end) in ends {
        let server = stage.pending().await?;
        told.push((code, end, stage.watch(&server), server));
    }
    for (code, end, watch, server) in &told {
        stage.live(watch).await.context(*code)?;
        end(&server.socket(0).context("a live watch has a socket")?);
    }
    for (code, _, watch, server) in &told {
        stage
            .live_over(server, 2, watch, 0.5)
            .await
            .with_context(|| format!("after {code}"))?;
        ensure!(
            watch.has_been("reconnecting"),
            "after {code} the states are {:?}",
            watch.states()
        );
    }
    Ok(())
}

async fn a_refusal_stops_the_client(stage: &Stage) -> Result<()> {
    let refusals = [
        (4400, "bad_request"),
        (4401, "unauthorized"),
        (4403, "forbidden"),
        (4404, "not_found"),
        (4413, "too_large"),
    ];
    let mut told = Vec::new();
    for (close_code, code) in refusals {
        let server = stage.server().await?;
        server.on_dial(move |dial| dial.refuse(close_code, code, "as the story has it"));
        // A way to get signatures is no reason to go on.
        told.push((close_code, stage.watch_with_refresh(&server), server));
    }
    for (close_code, watch, _) in &told {
        let closed = stage.closed(watch, 1.0, "refused").await?;
        ensure!(closed["code"] == *close_code, "{close_code} is told as {closed}");
    }
    let is_more = || {
        told.iter().any(|(_, watch, server)| {
            server.dialled() > 1 || server.polled() > 0 || !watch.questions().is_empty()
        })
    };
    stage
        .never(3.0, "a dial, a poll or a question after a refusal", is_more)
        .await
}

async fn too_many_watchers_are_told_and_come_back_after_ten_seconds(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    server.on_dial(|dial| async move {
        match dial.place.number {
            0 => dial.refuse(4429, "rate_limited", "as the story has it").await,
            _ => dial.welcome().await,
        }
    });
    let begun = Instant::now();
    let watch = stage.watch(&server);
    stage.problem(&watch, 1.0, &["too-many-watchers"]).await?;
    stage.dial(&server, 2, begun, 10.0, 12.0).await?;
    stage.live(&watch).await
}

async fn a_1000_before_the_end_is_asked_about(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let completed = stage.transfer(2, "completed");
    server.on_poll(move |poll| {
        let completed = completed.clone();
        async move {
            match poll.place.number {
                0 => poll.page(522, &[]).await,
                _ => poll.transfer(&completed).await,
            }
        }
    });
    server.socket(0).context("a live watch has a socket")?.close(1000);
    stage.closed(&watch, 6.0, "final").await?;
    ensure!(watch.has_shown(2), "the user has seen {:?} only", watch.shown());
    ensure!(server.polled() >= 2, "one poll that failed is no answer");
    stage
        .never(2.0, "a dial after the end", || server.dialled() > 1)
        .await
}

async fn a_1000_while_it_is_not_over_is_a_1001(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let closing = Instant::now();
    server.holds(stage.transfer(2, "processing"));
    server.socket(0).context("a live watch has a socket")?.close(1000);
    stage.live_over(&server, 2, &watch, 1.0).await?;
    ensure!(watch.has_shown(2) && watch.closed().is_none(), "it was not over");
    let first_poll = server
        .polls()
        .first()
        .map(|poll| poll.at)
        .context("nobody has asked")?;
    no_sooner(first_poll.saturating_duration_since(closing), 0.0, "the poll")?;
    ensure!(
        server.dials().get(1).is_some_and(|dial| dial.at > first_poll),
        "it dialled before it had asked whether it is over"
    );
    Ok(())
}

async fn a_1000_after_a_status_of_unknown_name_is_the_end(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let refunded = stage.transfer(2, "refunded");
    server.holds(refunded.clone());
    let socket = server.socket(0).context("a live watch has a socket")?;
    socket.status(&refunded);
    stage
        .so(1.0, "the status of unknown name", || watch.has_shown(2))
        .await?;
    // Not taken for final: the client waits for what follows.
    stage
        .never(1.0, "an end before the 1000", || watch.closed().is_some())
        .await?;
    socket.close(1000);
    stage
        .closed(&watch, Duration::from_secs(6).as_secs_f32(), "final")
        .await?;
    stage
        .never(2.0, "a dial after the end", || server.dialled() > 1)
        .await
}
