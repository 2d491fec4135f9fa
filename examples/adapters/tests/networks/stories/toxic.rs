//! Stories of a line through Toxiproxy; told where the program is.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{AGAIN, ATTEMPT, DEAD, NEWS, TOLD};
use crate::proxy::{Proxy, Way};
use crate::stage::{Paying, Stage};
use crate::story::{Story, story};
use crate::toxiproxy::Line;

/// More than fit into a line that is cut.
const MOST_STEPS: u32 = 100;

pub(super) fn all() -> Vec<Story> {
    vec![
        story!(a_toxic_line_in_slices_is_put_together, NEWS),
        story!(a_toxic_line_that_is_late_and_narrow_loses_nothing, NEWS),
        story!(a_toxic_line_that_is_reset_again_and_again_loses_nothing, NEWS),
        story!(a_toxic_line_that_ends_in_mid_frame_shows_each_version_once, NEWS),
        story!(a_toxic_line_that_carries_nothing_more_is_found_dead, DEAD),
        story!(a_toxic_line_that_refuses_connections_for_a_while_is_told, TOLD),
    ]
}

/// A payment over a line through Toxiproxy; the proxy of our own behind it does nothing.
async fn paying(stage: &Stage) -> Result<(Paying, Line)> {
    let begun = stage.begun(Proxy::start(Way::Through)?).await?;
    let line = Line::to(&begun.1.url()).await?;
    let paying = stage.watched(begun, line.url())?;
    stage.shown(&paying, AGAIN, 1).await?;
    Ok((paying, line))
}

async fn a_toxic_line_in_slices_is_put_together(stage: &Stage) -> Result<()> {
    let (paying, line) = paying(stage).await?;
    let slices = json!({"average_size": 3, "size_variation": 2, "delay": 200});
    line.poison("slicer", true, slices).await?;
    for step in ["step 1", "Überweisung läuft €", "step 3"] {
        stage.news(&paying, AGAIN, step).await?;
    }
    ensure!(paying.proxy.accepted() == 1, "a line in slices was given up");
    stage.ends_well(&paying, AGAIN).await
}

async fn a_toxic_line_that_is_late_and_narrow_loses_nothing(stage: &Stage) -> Result<()> {
    let (paying, line) = paying(stage).await?;
    line.poison("latency", true, json!({"latency": 400, "jitter": 350}))
        .await?;
    line.poison("bandwidth", true, json!({"rate": 1})).await?;
    for step in ["step 1", "step 2", "step 3"] {
        stage.news(&paying, AGAIN, step).await?;
    }
    stage.ends_well(&paying, AGAIN).await
}

async fn a_toxic_line_that_is_reset_again_and_again_loses_nothing(stage: &Stage) -> Result<()> {
    let (paying, line) = paying(stage).await?;
    for step in ["step 1", "step 2", "step 3"] {
        let connections = paying.proxy.accepted();
        line.poison("reset_peer", false, json!({"timeout": 0})).await?;
        stage
            .so(AGAIN, "another connection", || {
                paying.proxy.accepted() > connections
            })
            .await?;
        line.heal().await?;
        stage.news(&paying, ATTEMPT, step).await?;
    }
    stage.ends_well(&paying, AGAIN).await
}

async fn a_toxic_line_that_ends_in_mid_frame_shows_each_version_once(stage: &Stage) -> Result<()> {
    let (paying, line) = paying(stage).await?;
    // Enough for the answer to an upgrade and a status or two of some 170 bytes, or more where they are compressed.
    line.poison("limit_data", false, json!({"bytes": 700})).await?;
    for step in 0..MOST_STEPS {
        if paying.proxy.accepted() > 1 {
            break;
        }
        stage.news(&paying, ATTEMPT, &format!("step {step}")).await?;
    }
    ensure!(paying.proxy.accepted() > 1, "no line has ended");
    line.heal().await?;
    stage.ends_well(&paying, ATTEMPT).await
}

async fn a_toxic_line_that_carries_nothing_more_is_found_dead(stage: &Stage) -> Result<()> {
    let (paying, line) = paying(stage).await?;
    let connections = paying.proxy.accepted();
    line.poison("timeout", true, json!({"timeout": 0})).await?;
    stage
        .so(30 + AGAIN, "another attempt", || paying.watch.states().len() > 2)
        .await?;
    line.heal().await?;
    stage.news(&paying, 2 * ATTEMPT, "after the silence").await?;
    ensure!(
        paying.proxy.accepted() > connections,
        "the dead line is still used"
    );
    stage.ends_well(&paying, AGAIN).await
}

async fn a_toxic_line_that_refuses_connections_for_a_while_is_told(stage: &Stage) -> Result<()> {
    let (paying, line) = paying(stage).await?;
    line.takes_connections(false).await?;
    stage
        .problem(&paying, ATTEMPT, &["refused", "unreachable"])
        .await?;
    line.takes_connections(true).await?;
    stage.news(&paying, ATTEMPT, "open again").await?;
    stage.ends_well(&paying, AGAIN).await
}
