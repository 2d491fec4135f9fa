//! Polls, which stand in for a socket that does not get through.

use anyhow::{Context, Result, ensure};
use tokio::time::Instant;

use super::{Story, story};
use crate::server::Server;
use crate::stage::{Stage, late, no_sooner};

pub(super) const STORIES: &[Story] = &[
    story!(
        after_three_failed_sockets_it_polls_and_goes_on_trying,
        "After three failed socket attempts in a row, also poll `GET /transfer/{id}` every 3 s, with jitter and `If-None-Match`, and go on trying the socket."
    ),
    story!(a_poll_has_ten_seconds, "A poll has 10 s to be answered."),
    story!(polls_that_fail_come_less_often, "One that fails doubles the pause, to 6 s, 12, 24 and 30, with full jitter"),
    story!(
        retry_after_holds_polls_and_not_the_socket,
        "and for what was asked: a poll's holds polls, an upgrade's the socket."
    ),
    story!(
        retry_after_of_an_upgrade_holds_the_socket,
        "`Retry-After`, in seconds or as a date, is obeyed up to 5 minutes, on polls and on refused upgrades whose status the client can see"
    )
    .needs(&["upgrade-status"]),
    story!(a_429_without_retry_after_is_ten_seconds, "A 429 without it is a 4429: 10 s."),
];

/// A server whose sockets do not get through.
pub(super) async fn without_sockets(stage: &Stage) -> Result<Server> {
    let server = stage.pending().await?;
    server.on_dial(|dial| async move { drop(dial) });
    Ok(server)
}

/// Waits for the `n`th poll, from 1.
pub(super) async fn poll(stage: &Stage, server: &Server, n: usize, limit: f32) -> Result<Instant> {
    let look = || server.polls().get(n - 1).map(|poll| poll.at);
    stage.until(limit, &format!("poll {n}"), look).await
}

async fn after_three_failed_sockets_it_polls_and_goes_on_trying(stage: &Stage) -> Result<()> {
    let server = without_sockets(stage).await?;
    let watch = stage.watch(&server);
    let first = poll(stage, &server, 1, 1.5).await?;
    let third_dial = server.dials().get(2).map(|dial| dial.at);
    ensure!(
        third_dial.is_some_and(|dial| dial < first),
        "it polls after {} dials",
        server.dialled()
    );
    stage
        .so(1.0, "the status by a poll", || watch.has_shown(1))
        .await?;
    stage.so(1.0, "told as polling", || watch.is("polling")).await?;

    let second = poll(stage, &server, 2, 4.5).await?;
    no_sooner(second.saturating_duration_since(first), 1.5, "the second poll")?;
    let polls = server.polls();
    let tag = polls.get(1).and_then(|poll| poll.request.header("if-none-match"));
    ensure!(
        tag == Some("\"1\""),
        "the second poll says If-None-Match: {tag:?}"
    );
    server.holds(stage.transfer(2, "processing"));
    stage
        .so(4.5, "the next status by a poll", || watch.has_shown(2))
        .await?;

    let dialled = server.dialled();
    server.on_dial(|dial| async move { dial.welcome().await });
    stage
        // The wait is full jitter, and has doubled a few times by now: the cap is 30 s.
        .so(30.0, "the next dial", || server.dialled() > dialled)
        .await?;
    stage.live(&watch).await?;
    let polled = server.polled();
    stage
        .never(4.5, "a poll beside a good socket", || server.polled() > polled)
        .await
}

async fn a_poll_has_ten_seconds(stage: &Stage) -> Result<()> {
    let server = without_sockets(stage).await?;
    server.on_poll(|poll| async move {
        match poll.place.number {
            // The head of an answer is none yet.
            0 => poll.half().await,
            _ => poll.tell().await,
        }
    });
    let watch = stage.watch(&server);
    poll(stage, &server, 1, 1.5).await?;
    let third_dial = server.dials().get(2).map(|dial| dial.at);
    let before = third_dial.context("polls begin after three dials")?;
    let end = stage
        .until(10.0, "the end of the poll that hangs", || {
            server.given_up().first().copied()
        })
        .await?;
    no_sooner(
        end.saturating_duration_since(before),
        10.0,
        "the end of the poll that hangs",
    )?;
    // The pause after one that failed.
    poll(stage, &server, 2, 6.0).await?;
    stage.so(1.0, "the status by a poll", || watch.has_shown(1)).await
}

async fn polls_that_fail_come_less_often(stage: &Stage) -> Result<()> {
    const WATCHES: usize = 8;
    let server = without_sockets(stage).await?;
    server.on_poll(|poll| async move { poll.page(502, &[]).await });
    let watches: Vec<_> = (0..WATCHES).map(|_| stage.watch(&server)).collect();
    stage
        .so(1.5, "a poll of each watch", || server.polled() >= WATCHES)
        .await?;
    stage.problem(&watches[0], 1.0, &["http"]).await?;
    let polled = server.polled();
    stage.never(20.0, "", || false).await?;
    let later = server.polled() - polled;
    // Every 3 s it would be 53; with pauses of 3, 6 and 12 s on average it is 17, and 36 once in a million runs.
    ensure!(later > 0, "no poll comes any more");
    ensure!(
        later <= 38,
        "{WATCHES} watches have asked {later} times in 20 s, in vain each time"
    );
    Ok(())
}

async fn retry_after_holds_polls_and_not_the_socket(stage: &Stage) -> Result<()> {
    let server = without_sockets(stage).await?;
    server.on_poll(|poll| async move {
        match poll.place.number {
            0 => poll.error(503, "unavailable", &[("retry-after", "6")]).await,
            _ => poll.tell().await,
        }
    });
    let watch = stage.watch(&server);
    let first = poll(stage, &server, 1, 1.5).await?;
    let second = poll(stage, &server, 2, 7.5).await?;
    no_sooner(
        second.saturating_duration_since(first),
        6.0,
        "the poll after Retry-After: 6",
    )?;
    let dials = server.dials();
    let meanwhile = dials
        .iter()
        .filter(|dial| first < dial.at && dial.at < second)
        .count();
    ensure!(meanwhile > 0, "what held polls has held the socket too");
    stage.so(1.0, "the status by a poll", || watch.has_shown(1)).await
}

async fn retry_after_of_an_upgrade_holds_the_socket(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    server.on_dial(|dial| async move {
        match dial.place.number {
            0 => dial.error(503, "unavailable", &[("retry-after", "6")]).await,
            _ => dial.welcome().await,
        }
    });
    let begun = Instant::now();
    let watch = stage.watch(&server);
    let problem = stage.problem(&watch, 1.0, &["http"]).await?;
    ensure!(problem["status"] == 503, "told was {problem}");
    stage.dial(&server, 2, begun, 6.0, 7.5).await?;
    stage.live(&watch).await
}

async fn a_429_without_retry_after_is_ten_seconds(stage: &Stage) -> Result<()> {
    let server = without_sockets(stage).await?;
    server.on_poll(|poll| async move { poll.error(429, "rate_limited", &[]).await });
    let _watch = stage.watch(&server);
    let first = poll(stage, &server, 1, 1.5).await?;
    let second = poll(stage, &server, 2, 12.0 + late().as_secs_f32()).await?;
    no_sooner(
        second.saturating_duration_since(first),
        10.0,
        "the poll after a 429",
    )?;
    Ok(())
}
