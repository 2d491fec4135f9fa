//! The stories: a payment each, over a network that is broken in one way.

mod secure;
mod toxic;

use std::time::Duration;

use anyhow::{Result, ensure};
use transfer_status::Status;

use crate::changes::locked;
use crate::proxy::{Proxy, Way};
use crate::stage::{Paying, Stage};
use crate::story::{Story, story};
use crate::toxiproxy;

const NEWS: &str = "Each version at most once; never an older one after a newer one; the final one always.";
const TOLD: &str = "What keeps a watch from being live is told to the user as data, at once and again when it changes, and is gone when a status arrives";
const POLLS: &str = "After three failed socket attempts in a row, also poll `GET /transfer/{id}` every 3 s";
const DEAD: &str =
    "if no frame comes for 10 s after it, drop the socket without waiting for its close, and connect anew";

/// Longer than the wait before the third or fourth attempt is.
const AGAIN: u64 = 8;
/// An attempt, and what the first status may take after it.
const ATTEMPT: u64 = 20;

/// Every story there is.
pub(crate) fn all() -> Vec<Story> {
    let mut all = vec![
        story!(a_link_that_is_cut_again_and_again_loses_nothing, NEWS),
        story!(
            a_frame_that_is_reset_in_its_middle_is_shown_once_by_the_next_link,
            NEWS
        ),
        story!(a_line_of_one_byte_at_a_time_is_slow_and_right, NEWS),
        story!(two_seconds_each_way_are_no_dead_link, NEWS),
        story!(a_half_open_link_is_found_dead_and_replaced, DEAD),
        story!(a_server_that_accepts_and_is_silent_is_told_as_timeout, TOLD),
        story!(tls_that_never_ends_is_told_as_timeout, TOLD),
        story!(what_is_no_tls_is_told, TOLD),
        story!(a_portal_that_sends_everybody_to_sign_in_is_told_as_redirect, TOLD),
        story!(a_portal_that_shows_a_page_is_not_the_service, TOLD),
        story!(
            a_proxy_that_keeps_what_a_socket_says_is_got_around_by_polls,
            POLLS
        ),
        story!(answers_that_break_off_are_never_shown_in_part, POLLS),
    ];
    all.extend(secure::all());
    if toxiproxy::is_named() {
        all.extend(toxic::all());
    }
    all
}

async fn a_link_that_is_cut_again_and_again_loses_nothing(stage: &Stage) -> Result<()> {
    is_cut(stage, &stage.paying(Way::Through).await?).await
}

/// A cut before each step of a payment.
async fn is_cut(stage: &Stage, paying: &Paying) -> Result<()> {
    stage.shown(paying, AGAIN, 1).await?;
    for step in ["step 1", "step 2", "step 3", "step 4"] {
        paying.proxy.cut();
        stage.news(paying, AGAIN, step).await?;
    }
    told_of_the_loss(paying)?;
    stage.ends_well(paying, AGAIN).await
}

fn told_of_the_loss(paying: &Paying) -> Result<()> {
    let states = paying.watch.states();
    ensure!(
        states.iter().any(|state| state == "reconnecting"),
        "nobody was told that the link had gone: {states:?}"
    );
    Ok(())
}

async fn a_frame_that_is_reset_in_its_middle_is_shown_once_by_the_next_link(stage: &Stage) -> Result<()> {
    is_torn(stage, &stage.paying(Way::Through).await?).await
}

/// A reset in the middle of what each step of a payment is told with.
async fn is_torn(stage: &Stage, paying: &Paying) -> Result<()> {
    stage.shown(paying, AGAIN, 1).await?;
    for step in ["step 1", "step 2"] {
        let connections = paying.proxy.accepted();
        paying.proxy.tear();
        stage.news(paying, AGAIN, step).await?;
        ensure!(
            paying.proxy.accepted() > connections,
            "half of it was taken for the whole"
        );
    }
    told_of_the_loss(paying)?;
    paying.proxy.tear();
    stage.ends_well(paying, AGAIN).await
}

async fn a_line_of_one_byte_at_a_time_is_slow_and_right(stage: &Stage) -> Result<()> {
    let paying = stage.paying(Way::ByteByByte).await?;
    stage.shown(&paying, AGAIN, 1).await?;
    for step in ["step 1", "Überweisung läuft €", "step 3"] {
        stage.news(&paying, AGAIN, step).await?;
    }
    stage.ends_well(&paying, AGAIN).await
}

async fn two_seconds_each_way_are_no_dead_link(stage: &Stage) -> Result<()> {
    let paying = stage.paying(Way::Late(Duration::from_secs(2))).await?;
    stage.shown(&paying, AGAIN, 1).await?;
    // Longer than the silence after which a client asks with a ping.
    tokio::time::sleep(Duration::from_secs(24)).await;
    for step in ["step 1", "step 2"] {
        stage.news(&paying, AGAIN, step).await?;
    }
    ensure!(
        paying.proxy.accepted() == 1,
        "a link that was only slow was given up: {} connections",
        paying.proxy.accepted()
    );
    stage.ends_well(&paying, AGAIN).await
}

async fn a_half_open_link_is_found_dead_and_replaced(stage: &Stage) -> Result<()> {
    is_half_open(stage, &stage.paying(Way::Through).await?).await
}

/// A line that takes everything and carries nothing more.
async fn is_half_open(stage: &Stage, paying: &Paying) -> Result<()> {
    stage.shown(paying, AGAIN, 1).await?;
    let connections = paying.proxy.accepted();
    paying.proxy.freeze();
    stage.news(paying, 30 + AGAIN, "said into nothing").await?;
    ensure!(
        paying.proxy.accepted() > connections,
        "the dead line is still used"
    );
    stage.ends_well(paying, AGAIN).await
}

async fn a_server_that_accepts_and_is_silent_is_told_as_timeout(stage: &Stage) -> Result<()> {
    let paying = stage.paying(Way::Silence).await?;
    stage.problem(&paying, ATTEMPT, &["timeout"]).await?;
    paying.proxy.becomes(Way::Through);
    stage.shown(&paying, ATTEMPT, 1).await?;
    stage.ends_well(&paying, AGAIN).await
}

async fn tls_that_never_ends_is_told_as_timeout(stage: &Stage) -> Result<()> {
    let paying = stage.paying_by(Way::Silence, Proxy::tls_url).await?;
    stage.problem(&paying, ATTEMPT, &["timeout"]).await?;
    let tried = || paying.proxy.accepted() >= 2;
    // Connections are nobody's events, so what is told of the second attempt is waited for.
    let again = || tried() && attempts(&paying, "timeout") >= Some(2);
    stage.so(2 * ATTEMPT, "a second attempt", again).await?;
    ensure!(paying.watch.shown().is_empty(), "a status came from nowhere");
    Ok(())
}

/// How many attempts the user was told have ended so.
fn attempts(paying: &Paying, kind: &str) -> Option<u64> {
    paying.watch.problem(kind)?["attempts"].as_u64()
}

async fn what_is_no_tls_is_told(stage: &Stage) -> Result<()> {
    let paying = stage.paying_by(Way::Noise, Proxy::tls_url).await?;
    let kinds: &[&str] = match stage.adapter.can("causes") {
        true => &["tls"],
        false => &["tls", "unreachable"],
    };
    stage.problem(&paying, AGAIN, kinds).await?;
    ensure!(paying.watch.shown().is_empty(), "a status came from nowhere");
    Ok(())
}

async fn a_portal_that_sends_everybody_to_sign_in_is_told_as_redirect(stage: &Stage) -> Result<()> {
    let paying = stage.paying(Way::SignIn).await?;
    stage.problem(&paying, AGAIN, &["redirect"]).await?;
    ensure!(
        paying.watch.shown().is_empty(),
        "a portal was shown as a transfer"
    );
    paying.proxy.becomes(Way::Through);
    stage.shown(&paying, 30, 1).await?;
    stage.ends_well(&paying, AGAIN).await
}

async fn a_portal_that_shows_a_page_is_not_the_service(stage: &Stage) -> Result<()> {
    let paying = stage.paying(Way::Page).await?;
    stage.problem(&paying, AGAIN, &["not-the-service"]).await?;
    ensure!(paying.watch.shown().is_empty(), "a page was shown as a transfer");
    paying.proxy.becomes(Way::Through);
    stage.shown(&paying, 30, 1).await?;
    stage.ends_well(&paying, AGAIN).await
}

async fn a_proxy_that_keeps_what_a_socket_says_is_got_around_by_polls(stage: &Stage) -> Result<()> {
    let paying = stage.paying(Way::KeepsFrames).await?;
    // Three attempts that each open and hear nothing for 10 s.
    stage.shown(&paying, 40, 1).await?;
    stage.problem(&paying, 0, &["timeout", "unreachable"]).await?;
    stage.news(&paying, AGAIN, "seen by a poll").await?;
    stage.ends_well(&paying, AGAIN).await
}

async fn answers_that_break_off_are_never_shown_in_part(stage: &Stage) -> Result<()> {
    let paying = stage.paying(Way::BreaksAnswers).await?;
    let kinds = ["closed", "unreachable", "http", "malformed", "not-the-service"];
    stage.problem(&paying, AGAIN, &kinds).await?;
    let connections = paying.proxy.accepted();
    stage
        .so(AGAIN, "more attempts", || {
            paying.watch.problems().len() > 3 && paying.proxy.accepted() > connections + 3
        })
        .await?;
    ensure!(paying.watch.shown().is_empty(), "half an answer was shown");
    let version = paying.backend.report(Status::Processing, "whole").await?;
    // Only the newest is owed to who could not be told.
    *locked(&paying.owed) = vec![version];
    paying.proxy.becomes(Way::Through);
    stage.shown(&paying, 30, version).await?;
    stage.ends_well(&paying, AGAIN).await
}
