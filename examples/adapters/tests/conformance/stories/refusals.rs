//! Refusals that a poll finds out, and what only looks like one.

use anyhow::{Result, ensure};

use super::polling::{poll, without_sockets};
use super::{Story, story};
use crate::stage::Stage;

pub(super) const STORIES: &[Story] = &[
    story!(
        a_poll_that_the_service_refuses_stops_the_client,
        "`unauthorized` or `forbidden` in the service's own body stops the client, as 4401 or 4403 would"
    ),
    story!(
        a_poll_that_finds_the_signature_expired_is_a_4410,
        "`expired` acts as 4410"
    ),
    story!(
        a_portal_that_says_401_stops_nobody,
        "The same status without that body, from a captive portal or a proxy, is a failure like any other."
    ),
];

async fn a_poll_that_the_service_refuses_stops_the_client(stage: &Stage) -> Result<()> {
    for (status, code, close_code) in [(401, "unauthorized", 4401), (403, "forbidden", 4403)] {
        let server = without_sockets(stage).await?;
        server.on_poll(move |poll| poll.error(status, code, &[]));
        let watch = stage.watch_with_refresh(&server);
        let closed = stage.closed(&watch, 2.5, "refused").await?;
        ensure!(
            closed["code"] == close_code,
            "{status} {code} is told as {closed}"
        );
        let (dialled, polled) = (server.dialled(), server.polled());
        let is_more =
            || server.dialled() > dialled || server.polled() > polled || !watch.questions().is_empty();
        stage
            .never(2.0, "a dial, a poll or a question after a refusal", is_more)
            .await?;
    }
    Ok(())
}

async fn a_poll_that_finds_the_signature_expired_is_a_4410(stage: &Stage) -> Result<()> {
    let server = without_sockets(stage).await?;
    server.on_poll(|poll| async move { poll.error(401, "expired", &[]).await });
    let alone = stage.watch(&server);
    let helped = stage.watch_with_refresh(&server);
    let closed = stage.closed(&alone, 2.5, "refused").await?;
    ensure!(closed["code"] == 4410, "told as {closed}");
    let question = stage
        .until(2.5, "a question for a fresh signature", || {
            helped.questions().pop()
        })
        .await?;
    let fresh = stage.signature();
    server.on_dial(|dial| async move { dial.welcome().await });
    server.on_poll(|poll| async move { poll.tell().await });
    helped.give(question, &fresh);
    stage.live(&helped).await?;
    let dials = server.dials();
    ensure!(
        dials.last().and_then(|dial| dial.request.signature()) == Some(fresh),
        "the fresh signature was not used"
    );
    Ok(())
}

async fn a_portal_that_says_401_stops_nobody(stage: &Stage) -> Result<()> {
    let server = without_sockets(stage).await?;
    server.on_poll(|poll| async move {
        match poll.place.number {
            0 => poll.page(401, &[]).await,
            1 => poll.page(403, &[]).await,
            _ => poll.tell().await,
        }
    });
    let watch = stage.watch_with_refresh(&server);
    let problem = stage.problem(&watch, 2.5, &["http"]).await?;
    ensure!(
        problem["status"] == 401 || problem["status"] == 403,
        "told was {problem}"
    );
    poll(stage, &server, 2, 6.0).await?;
    poll(stage, &server, 3, 12.0).await?;
    stage
        .so(1.0, "the status by a poll", || watch.has_shown(1))
        .await?;
    ensure!(
        watch.closed().is_none() && watch.questions().is_empty(),
        "a portal was believed: {:?}",
        watch.told()
    );
    Ok(())
}
