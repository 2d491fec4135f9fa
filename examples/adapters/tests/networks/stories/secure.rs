//! Stories of a line under TLS: what breaks it knows nothing of what it carries, and a certificate is right or is told.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::{AGAIN, ATTEMPT, DEAD, NEWS, TOLD, attempts, is_cut, is_half_open, is_torn};
use crate::proxy::Way;
use crate::stage::Stage;
use crate::story::{Story, story};
use crate::tls::Certificate;

const WAITS: &str = "Wait a random time between 0 and the backoff (full jitter).";
/// Attempts that are told of before it is judged whether anybody waited between them.
const ATTEMPTS: u64 = 6;
/// The five waits between them are 8 s in the mean; all of them together are this short once in a hundred thousand times.
const AT_LEAST: Duration = Duration::from_millis(500);
/// Of the first things that a server says in TLS, which have its certificate.
const HALF_A_HANDSHAKE: u64 = 200;

pub(super) fn all() -> Vec<Story> {
    let all = vec![
        story!(a_tls_line_that_is_cut_again_and_again_loses_nothing, NEWS),
        story!(a_tls_record_that_is_reset_in_its_middle_is_no_news, NEWS),
        story!(a_half_open_tls_line_is_found_dead_and_replaced, DEAD),
        story!(
            a_tls_handshake_that_is_never_answered_is_told_and_tried_again,
            TOLD
        ),
        story!(
            a_tls_handshake_that_stops_in_its_middle_is_told_and_tried_again,
            TOLD
        ),
        story!(
            a_certificate_of_another_host_is_told_and_tried_with_patience,
            WAITS
        ),
        story!(
            a_certificate_whose_time_is_over_is_told_and_tried_with_patience,
            WAITS
        ),
        story!(a_certificate_of_a_stranger_is_told_and_tried_with_patience, WAITS),
    ];
    all.into_iter().map(|story| story.needs(&["roots"])).collect()
}

async fn a_tls_line_that_is_cut_again_and_again_loses_nothing(stage: &Stage) -> Result<()> {
    let (paying, _end) = stage.paying_over_tls(Way::Through, Certificate::Right).await?;
    is_cut(stage, &paying).await
}

async fn a_tls_record_that_is_reset_in_its_middle_is_no_news(stage: &Stage) -> Result<()> {
    let (paying, _end) = stage.paying_over_tls(Way::Through, Certificate::Right).await?;
    is_torn(stage, &paying).await
}

async fn a_half_open_tls_line_is_found_dead_and_replaced(stage: &Stage) -> Result<()> {
    let (paying, _end) = stage.paying_over_tls(Way::Through, Certificate::Right).await?;
    is_half_open(stage, &paying).await
}

async fn a_tls_handshake_that_is_never_answered_is_told_and_tried_again(stage: &Stage) -> Result<()> {
    never_ends(stage, Way::Silence).await
}

async fn a_tls_handshake_that_stops_in_its_middle_is_told_and_tried_again(stage: &Stage) -> Result<()> {
    never_ends(stage, Way::Stops(HALF_A_HANDSHAKE)).await
}

/// An attempt at it ends by the client's own clock, and the next is told of too.
async fn never_ends(stage: &Stage, way: Way) -> Result<()> {
    let (paying, _end) = stage.paying_over_tls(way, Certificate::Right).await?;
    stage.problem(&paying, ATTEMPT, &["timeout"]).await?;
    let again = || attempts(&paying, "timeout") >= Some(2);
    stage.so(2 * ATTEMPT, "a second attempt", again).await?;
    ensure!(paying.watch.shown().is_empty(), "a status came from nowhere");
    paying.proxy.becomes(Way::Through);
    stage.shown(&paying, ATTEMPT, 1).await?;
    stage.ends_well(&paying, AGAIN).await
}

async fn a_certificate_of_another_host_is_told_and_tried_with_patience(stage: &Stage) -> Result<()> {
    is_refused(stage, Certificate::OfAnotherHost).await
}

async fn a_certificate_whose_time_is_over_is_told_and_tried_with_patience(stage: &Stage) -> Result<()> {
    is_refused(stage, Certificate::Expired).await
}

async fn a_certificate_of_a_stranger_is_told_and_tried_with_patience(stage: &Stage) -> Result<()> {
    is_refused(stage, Certificate::OfAStranger).await
}

/// Nothing is live behind it, its attempts keep to the backoff, and the right one is taken as soon as it is there.
async fn is_refused(stage: &Stage, certificate: Certificate) -> Result<()> {
    let (paying, end) = stage.paying_over_tls(Way::Through, certificate).await?;
    let begun = tokio::time::Instant::now();
    let kind = match stage.adapter.can("causes") {
        true => "certificate",
        false => "unreachable",
    };
    stage.problem(&paying, ATTEMPT, &[kind]).await?;
    let many = || attempts(&paying, kind) >= Some(ATTEMPTS);
    stage.so(40, "more attempts", many).await?;
    let (took, connections) = (begun.elapsed(), paying.proxy.accepted());
    ensure!(took >= AT_LEAST, "{ATTEMPTS} attempts within {took:?}");
    ensure!(
        connections <= 3 * ATTEMPTS,
        "{connections} connections for {ATTEMPTS} attempts"
    );
    let states = paying.watch.states();
    ensure!(
        !states.iter().any(|state| state == "live") && paying.watch.shown().is_empty(),
        "a server was believed that is not the one: {states:?}"
    );
    end.shows(Certificate::Right);
    stage.shown(&paying, 30, 1).await?;
    stage.ends_well(&paying, AGAIN).await
}
