//! Signatures that have expired, and those that replace them.

use anyhow::{Context, Result, ensure};

use super::{Story, story};
use crate::stage::Stage;

pub(super) const STORIES: &[Story] = &[
    story!(
        an_expired_signature_is_replaced,
        "| 4410 | the signature has expired; in the middle of a connection this comes within 60 s of the expiry, and before any news | asks its host for a fresh one, stops if it was given no way to |"
    ),
    story!(
        an_expired_signature_with_no_way_to_another_is_the_end,
        "asks its host for a fresh one, stops if it was given no way to"
    ),
    story!(a_watch_begins_with_a_question, "asks its host for a fresh one").needs(&["late-signature"]),
    story!(
        a_source_that_fails_is_told_and_asked_again,
        "| `signature-refresh` | no fresh signature could be had, with the cause"
    ),
    story!(
        no_more_signatures_is_the_end,
        "asks its host for a fresh one, stops if it was given no way to"
    ),
];

async fn an_expired_signature_is_replaced(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch_with_refresh(&server);
    stage.live(&watch).await?;
    ensure!(
        watch.questions().is_empty(),
        "it asks for a signature while it has a good one"
    );
    server.socket(0).context("a live watch has a socket")?.close(4410);
    let question = stage
        .until(1.0, "a question for a fresh signature", || {
            watch.questions().pop()
        })
        .await?;
    stage
        .never(1.0, "a dial with the old signature", || server.dialled() > 1)
        .await?;
    let fresh = stage.signature();
    watch.give(question, &fresh);
    stage.live_over(&server, 2, &watch, 1.0).await?;
    let used = server.dials().last().and_then(|dial| dial.request.signature());
    ensure!(used == Some(fresh), "the fresh signature was not used");
    Ok(())
}

async fn an_expired_signature_with_no_way_to_another_is_the_end(stage: &Stage) -> Result<()> {
    let server = stage.server().await?;
    server.on_dial(|dial| dial.refuse(4410, "expired", "as the story has it"));
    let watch = stage.watch(&server);
    let closed = stage.closed(&watch, 1.0, "refused").await?;
    ensure!(closed["code"] == 4410, "told as {closed}");
    stage
        .never(2.0, "a dial or a poll after the end", || {
            server.dialled() > 1 || server.polled() > 0
        })
        .await
}

async fn a_watch_begins_with_a_question(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let mut wish = stage.wish(&server);
    wish.signature = None;
    wish.refresh = true;
    let watch = stage.begin(wish);
    let question = stage
        .until(1.0, "a question for a signature", || watch.questions().pop())
        .await?;
    stage
        .never(1.0, "a dial with no signature", || server.dialled() > 0)
        .await?;
    watch.give(question, &stage.signature());
    stage.live(&watch).await
}

async fn a_source_that_fails_is_told_and_asked_again(stage: &Stage) -> Result<()> {
    const CAUSE: &str = "the backend is being moved";
    let server = stage.pending().await?;
    server.on_dial(|dial| async move {
        match dial.place.number {
            0 => dial.refuse(4410, "expired", "as the story has it").await,
            _ => dial.welcome().await,
        }
    });
    let watch = stage.watch_with_refresh(&server);
    let first = stage
        .until(1.0, "a question for a fresh signature", || {
            watch.questions().pop()
        })
        .await?;
    watch.withhold(first, "retry", CAUSE);
    let of_source = || {
        watch
            .problem("signature-refresh")
            .filter(|problem| problem["cause"].to_string().contains(CAUSE))
    };
    stage
        .until(1.0, "the problem with the source's own cause", of_source)
        .await?;
    let another = || watch.questions().pop().filter(|question| *question != first);
    let second = stage.until(2.0, "the question once more", another).await?;
    watch.give(second, &stage.signature());
    stage.live(&watch).await?;
    let last = watch.problems().pop().context("a problem was told")?;
    ensure!(
        last["kind"].is_null(),
        "a status has come, and the problem is still told: {last}"
    );
    Ok(())
}

async fn no_more_signatures_is_the_end(stage: &Stage) -> Result<()> {
    let server = stage.server().await?;
    server.on_dial(|dial| dial.refuse(4410, "expired", "as the story has it"));
    let watch = stage.watch_with_refresh(&server);
    let question = stage
        .until(1.0, "a question for a fresh signature", || {
            watch.questions().pop()
        })
        .await?;
    watch.withhold(question, "none", "");
    stage.closed(&watch, 1.0, "no_signature").await?;
    stage
        .never(2.0, "a dial or a poll after the end", || {
            server.dialled() > 1 || server.polled() > 0
        })
        .await
}
