//! What the user sees of the transfer, and the end of a watch.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{Story, story};
use crate::stage::Stage;

pub(super) const STORIES: &[Story] = &[
    story!(
        each_version_once_and_never_an_older_one,
        "Each version at most once; never an older one after a newer one; the final one always."
    ),
    story!(
        a_record_begun_anew_is_news,
        "A lower version with a later `updatedAt` is a record begun anew, by a service that was restored or replaced, and is news"
    ),
    story!(
        transfers_without_a_version_go_by_their_time,
        "The order of such transfers is that of `updatedAt`."
    ),
    story!(
        what_is_not_known_is_kept_or_skipped,
        "A reader must ignore a field it does not know, must keep a status name that it does not know (and not take it for final)"
    ),
    story!(
        a_scan_is_told,
        r#"{"type":"scan","transferId":"order-1042","scanned":true,"at":"2024-01-15T10:30:00.000Z"}"#
    ),
    story!(
        a_final_status_is_the_end,
        "| 1000 | a final status was delivered, or the user closed | stops"
    ),
    story!(
        closed_by_its_user_it_is_over,
        "| 1000 | a final status was delivered, or the user closed | stops"
    ),
];

async fn each_version_once_and_never_an_older_one(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    for (version, status) in [
        (1, "pending"),
        (3, "processing"),
        (2, "pending"),
        (3, "processing"),
        (4, "completed"),
    ] {
        socket.status(&stage.transfer(version, status));
    }
    socket.close(1000);
    stage.closed(&watch, 1.0, "final").await?;
    // That none comes twice or too late is looked at after every story.
    ensure!(
        watch.has_shown(4),
        "the final status was not shown: {:?}",
        watch.versions()
    );
    ensure!(
        !watch.has_shown(2),
        "version 2 came after version 3, and was shown"
    );
    Ok(())
}

async fn a_record_begun_anew_is_news(stage: &Stage) -> Result<()> {
    let server = stage.server().await?;
    server.holds(stage.transfer_of(5, "processing", "2024-01-15T10:30:00.000Z"));
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    socket.status(&stage.transfer_of(1, "pending", "2024-01-15T10:45:00.000Z"));
    stage
        .so(1.0, "the record begun anew", || watch.versions() == [5, 1])
        .await?;
    socket.status(&stage.transfer_of(2, "failed", "2024-01-15T10:46:00.000Z"));
    socket.close(1000);
    stage.closed(&watch, 1.0, "final").await?;
    ensure!(watch.versions() == [5, 1, 2], "shown were {:?}", watch.versions());
    Ok(())
}

async fn transfers_without_a_version_go_by_their_time(stage: &Stage) -> Result<()> {
    let of_minute = |minute: u32, status: &str| {
        let mut transfer = stage.transfer_of(0, status, &format!("2024-01-15T10:{minute:02}:00.000Z"));
        if let Some(fields) = transfer.as_object_mut() {
            fields.remove("version");
        }
        transfer
    };
    let server = stage.server().await?;
    server.holds(of_minute(1, "pending"));
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    for (minute, status) in [
        (3, "processing"),
        (2, "pending"),
        (3, "processing"),
        (4, "cancelled"),
    ] {
        socket.status(&of_minute(minute, status));
    }
    socket.close(1000);
    stage.closed(&watch, 1.0, "final").await?;
    let shown = watch.shown();
    let times: Vec<&str> = shown
        .iter()
        .filter_map(|transfer| transfer["updatedAt"].as_str())
        .collect();
    ensure!(
        times.last().is_some_and(|last| last.contains(":04:")),
        "the final one was not shown: {times:?}"
    );
    ensure!(times.is_sorted_by(|a, b| a < b), "shown were {times:?}");
    Ok(())
}

async fn what_is_not_known_is_kept_or_skipped(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    socket.say(json!({"type": "weather", "sun": true}));
    let mut transfer = stage.transfer(2, "on-hold");
    transfer["mood"] = json!({"of": ["the", "bank"]});
    transfer["amount"] = json!(12.1);
    socket.status(&transfer);
    let shown = stage
        .until(1.0, "the transfer of unknown status", || {
            watch
                .shown()
                .into_iter()
                .find(|transfer| transfer["version"] == 2)
        })
        .await?;
    ensure!(
        shown["status"] == "on-hold" && shown["amount"] == json!(12.1),
        "shown was {shown}"
    );
    stage
        .never(1.0, "an end, or another dial", || {
            watch.closed().is_some() || server.dialled() > 1
        })
        .await
}

async fn a_scan_is_told(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let id = stage.transfer(1, "pending")["id"].take();
    let at = "2024-01-15T10:30:00.000Z";
    let socket = server.socket(0).context("a live watch has a socket")?;
    socket.say(json!({"type": "scan", "transferId": id, "scanned": true, "at": at}));
    let scan = stage.until(1.0, "the scan", || watch.scans().pop()).await?;
    ensure!(scan["scanned"] == true && scan["at"] == at, "told was {scan}");
    Ok(())
}

async fn a_final_status_is_the_end(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    // The service closes after it; a client need not wait for that.
    socket.status(&stage.transfer(2, "completed"));
    stage.closed(&watch, 1.0, "final").await?;
    ensure!(watch.has_shown(2), "the final status was not shown");
    stage
        .so(1.0, "the socket's end", || socket.end().is_some())
        .await?;
    stage
        .never(2.0, "a dial or a poll after the end", || {
            server.dialled() > 1 || server.polled() > 0
        })
        .await
}

async fn closed_by_its_user_it_is_over(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    watch.close();
    stage.closed(&watch, 1.0, "user").await?;
    let end = stage.until(1.0, "the socket's end", || socket.end()).await?;
    ensure!(end.code == Some(1000), "it was closed with {:?}", end.code);
    server.holds(stage.transfer(2, "processing"));
    stage
        .never(2.0, "a dial or a poll after the end", || {
            server.dialled() > 1 || server.polled() > 0
        })
        .await
}
