//! What keeps a watch from being live is told, and gone when a status arrives.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::polling::without_sockets;
use super::{Story, story};
use crate::stage::Stage;

/// The rule that all of these prove, each for one of its kinds.
const TOLD: &str = "What keeps a watch from being live is told to the user as data, at once and again when it changes, and is gone when a status arrives";

pub(super) const STORIES: &[Story] = &[
    story!(nobody_at_the_address_is_told_until_somebody_is_there, TOLD),
    story!(a_name_that_nobody_has_is_told, TOLD).needs(&["causes"]),
    story!(a_refused_upgrade_is_told_with_its_status, TOLD).needs(&["upgrade-status"]),
    story!(a_poll_that_fails_is_told_with_its_status, TOLD),
    story!(
        a_portal_is_not_the_service,
        "| `not-the-service` | a success that is not the service's: a page, a portal |"
    ),
    story!(
        a_socket_that_ends_before_its_first_status_is_told_with_its_code,
        "| `closed` | a socket that ended before its first status had held, with the close code |"
    ),
    story!(
        a_frame_that_cannot_be_read_is_told_with_its_field,
        "| `malformed` | a message that cannot be read, with the field |"
    ),
];

async fn nobody_at_the_address_is_told_until_somebody_is_there(stage: &Stage) -> Result<()> {
    // Bound and not listening: the port is taken, and refuses.
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let address = socket.local_addr()?;
    let watch = stage.begin(stage.wish_at(format!("http://{address}")));
    let kind = if stage.adapter.can("causes") {
        "refused"
    } else {
        "unreachable"
    };
    stage.problem(&watch, 1.0, &[kind]).await?;
    let has_tried_more = || {
        watch
            .problem(kind)
            .is_some_and(|problem| problem["attempts"].as_u64() >= Some(3))
    };
    stage
        .so(4.0, "the third attempt in the problem", has_tried_more)
        .await?;

    let server = stage.server_on(Some(socket.listen(64)?)).await?;
    server.holds(stage.transfer(1, "pending"));
    stage.so(16.0, "a status", || watch.has_shown(1)).await?;
    stage
        .so(1.0, "no problem any more", || {
            watch.problems().last().is_some_and(|last| last["kind"].is_null())
        })
        .await
}

async fn a_name_that_nobody_has_is_told(stage: &Stage) -> Result<()> {
    // RFC 6761: no such name is ever there.
    let watch = stage.begin(stage.wish_at("https://status.invalid"));
    stage.problem(&watch, 10.0, &["dns"]).await?;
    Ok(())
}

async fn a_refused_upgrade_is_told_with_its_status(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    // Each goes on until it is told: who is asked for its state may miss what lasts for half a second.
    server.on_dial(|dial| async move {
        dial.page(302, &[("location", "https://portal.example/sign-in")])
            .await
    });
    let watch = stage.watch(&server);
    stage.problem(&watch, 1.0, &["redirect"]).await?;
    server.on_dial(|dial| async move { dial.page(404, &[]).await });
    let http = stage.problem(&watch, 1.0, &["http"]).await?;
    ensure!(http["status"] == 404, "told was {http}");
    server.on_dial(|dial| async move { dial.welcome().await });
    stage.live(&watch).await?;
    let last = watch.problems().pop().context("a problem was told")?;
    ensure!(
        last["kind"].is_null(),
        "a status has come, and the problem is still told: {last}"
    );
    Ok(())
}

async fn a_poll_that_fails_is_told_with_its_status(stage: &Stage) -> Result<()> {
    let server = without_sockets(stage).await?;
    server.on_poll(|poll| async move { poll.page(404, &[]).await });
    let watch = stage.watch(&server);
    let http = stage.problem(&watch, 2.5, &["http"]).await?;
    ensure!(http["status"] == 404, "told was {http}");
    Ok(())
}

async fn a_portal_is_not_the_service(stage: &Stage) -> Result<()> {
    let server = without_sockets(stage).await?;
    server.on_poll(|poll| async move { poll.page(200, &[]).await });
    let watch = stage.watch(&server);
    stage.problem(&watch, 2.5, &["not-the-service"]).await?;
    ensure!(watch.shown().is_empty(), "a page was shown as a transfer");
    Ok(())
}

async fn a_socket_that_ends_before_its_first_status_is_told_with_its_code(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    server.on_dial(|dial| async move {
        if let Some(socket) = dial.accept().await {
            socket.close(1011);
        }
    });
    let watch = stage.watch(&server);
    let problem = stage.problem(&watch, 1.0, &["closed"]).await?;
    ensure!(problem["code"] == 1011, "told was {problem}");
    server.on_dial(|dial| async move { dial.welcome().await });
    stage.live(&watch).await?;
    let last = watch.problems().pop().context("a problem was told")?;
    ensure!(
        last["kind"].is_null(),
        "a status has come, and the problem is still told: {last}"
    );
    Ok(())
}

async fn a_frame_that_cannot_be_read_is_told_with_its_field(stage: &Stage) -> Result<()> {
    let server = stage.server().await?;
    let good = stage.transfer(2, "processing");
    let mut bad = stage.transfer(1, "pending");
    bad["updatedAt"] = json!("yesterday");
    let tells = |transfer: Value| {
        server.on_dial(move |dial| {
            let transfer = transfer.clone();
            async move {
                if let Some(socket) = dial.accept().await {
                    socket.status(&transfer);
                }
            }
        });
    };
    tells(bad);
    let watch = stage.watch(&server);
    let problem = stage.problem(&watch, 1.0, &["malformed"]).await?;
    tells(good);
    ensure!(
        problem["field"].to_string().contains("updatedAt"),
        "told was {problem}"
    );
    stage
        .so(1.0, "the transfer on another link", || watch.versions() == [2])
        .await
}
