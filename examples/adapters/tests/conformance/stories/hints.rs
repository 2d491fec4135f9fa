//! What the host says about the network, the page and the app.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::{Instant, sleep};

use super::{Story, story};
use crate::stage::{Stage, no_sooner};

pub(super) const STORIES: &[Story] = &[
    story!(
        online_again_those_who_wait_dial_at_once,
        "connects and polls at once: no sooner than 500 ms after the last attempt began, nor within a pause that the server asked for"
    )
    .alone()
    .needs(&["hint:online"]),
    story!(no_hint_cuts_a_pause_short, "nor within a pause that the server asked for")
        .alone()
        .needs(&["hint:online", "hint:networkChanged"]),
    story!(
        an_attempt_that_hangs_is_dialled_anew_and_a_young_one_goes_on,
        "an attempt of 2 s or more is dialled anew and counts as a failed one; a young one goes on"
    )
    .alone()
    .needs(&["hint:visible"]),
    story!(
        a_silent_link_is_probed_with_a_poll_beside,
        "| is connected, silent for 3 s or more | `ping` with a deadline of 2.5 s, and one poll beside it, so that the news is there in one round trip whatever the socket is |"
    )
    .alone()
    .needs(&["hint:networkChanged"]),
    story!(a_link_that_has_just_spoken_is_left_alone, "| is connected, silent for less | nothing |")
        .alone()
        .needs(&["hint:visible"]),
    story!(
        offline_is_a_rumour,
        "`offline` is a rumour: it makes an open link `ping`, with the same deadline and no poll, and stops nothing."
    )
    .alone()
    .needs(&["hint:offline"]),
    story!(
        hints_without_end_starve_nobody,
        "However hints come, they cannot keep a client from connecting or from polling."
    )
    .alone()
    .needs(&["hint:networkChanged"]),
];

/// A little more than the silence after which a hint makes a client look.
const SILENT: Duration = Duration::from_millis(3_300);

async fn online_again_those_who_wait_dial_at_once(stage: &Stage) -> Result<()> {
    const WATCHES: usize = 6;
    let server = stage.pending().await?;
    server.on_socket(|socket| async move { socket.close(1013) });
    server.on_poll(|poll| async move { poll.page(502, &[]).await });
    let watches: Vec<_> = (0..WATCHES).map(|_| stage.watch(&server)).collect();
    let all_wait_long = || {
        server
            .dials_of_each()
            .iter()
            .filter(|dials| dials.len() > 5)
            .count()
            == WATCHES
    };
    // Waits of up to 16 s follow: hardly would all six end by themselves in the time that the hint gets.
    stage.so(15.5, "six dials of each watch", all_wait_long).await?;
    sleep(Duration::from_millis(600)).await;
    server.on_dial(|dial| async move { dial.welcome().await });
    watches.iter().for_each(|watch| watch.hint("online"));
    stage
        .changes_within(Duration::from_secs(4), "all live", || {
            watches.iter().all(|watch| watch.is("live"))
        })
        .await
}

async fn no_hint_cuts_a_pause_short(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    server.on_dial(|dial| async move {
        match dial.place.number {
            0 => dial.refuse(4429, "rate_limited", "as the story has it").await,
            _ => dial.welcome().await,
        }
    });
    let begun = Instant::now();
    let watch = stage.watch(&server);
    stage.so(1.0, "the first dial", || server.dialled() == 1).await?;
    while begun.elapsed() < Duration::from_secs(9) && server.dialled() == 1 {
        sleep(Duration::from_millis(700)).await;
        watch.hint("online");
        watch.hint("networkChanged");
    }
    stage.dial(&server, 2, begun, 10.0, 12.0).await?;
    stage.live(&watch).await
}

async fn an_attempt_that_hangs_is_dialled_anew_and_a_young_one_goes_on(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    server.on_dial(|dial| async move {
        match dial.place.number {
            0 => dial.hang().await,
            _ => dial.welcome().await,
        }
    });
    let watch = stage.watch(&server);
    stage.so(1.0, "the first dial", || server.dialled() == 1).await?;
    watch.hint("visible");
    stage
        .never(2.2, "a dial while the first one is young", || {
            server.dialled() > 1
        })
        .await?;
    watch.hint("visible");
    // By itself it would be given up some 7 s from now.
    stage
        .changes_within(
            Duration::from_secs(6),
            "a dial in place of the one that hangs",
            || server.dialled() == 2,
        )
        .await?;
    stage.live(&watch).await
}

async fn a_silent_link_is_probed_with_a_poll_beside(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    sleep(SILENT).await;
    watch.hint("networkChanged");
    stage
        .so(0.0, "a ping and a poll", || {
            socket.pings().len() == 1 && server.polled() == 1
        })
        .await?;
    stage
        .never(3.2, "a dial, or a second poll", || {
            server.dialled() > 1 || server.polled() > 1
        })
        .await?;

    // And now the link is dead.
    socket.freeze();
    server.holds(stage.transfer(2, "processing"));
    sleep(SILENT).await;
    let hinted = Instant::now();
    watch.hint("networkChanged");
    stage
        .so(0.0, "the news by the poll", || watch.has_shown(2))
        .await?;
    stage.dial(&server, 2, hinted, 2.5, 3.5).await?;
    ensure!(server.polled() >= 2, "no poll has brought the news");
    stage.live(&watch).await
}

async fn a_link_that_has_just_spoken_is_left_alone(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    sleep(SILENT).await;
    socket.status(&stage.transfer(2, "processing"));
    stage.so(1.0, "the next status", || watch.has_shown(2)).await?;
    watch.hint("visible");
    let is_more = || server.dialled() > 1 || server.polled() > 0 || !socket.texts().is_empty();
    stage.never(3.0, "a ping, a poll or a dial", is_more).await?;
    // The control: later, the same hint makes it look.
    sleep(Duration::from_millis(500)).await;
    watch.hint("visible");
    stage.so(0.0, "a ping", || socket.pings().len() == 1).await
}

async fn offline_is_a_rumour(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    let watch = stage.watch(&server);
    stage.live(&watch).await?;
    let socket = server.socket(0).context("a live watch has a socket")?;
    sleep(SILENT).await;
    watch.hint("offline");
    stage.so(0.0, "a ping", || socket.pings().len() == 1).await?;
    stage
        .never(3.0, "a poll or a dial", || {
            server.polled() > 0 || server.dialled() > 1
        })
        .await?;
    ensure!(watch.is("live"), "the states are {:?}", watch.states());
    socket.status(&stage.transfer(2, "processing"));
    stage.so(0.0, "the next status", || watch.has_shown(2)).await?;

    sleep(SILENT).await;
    socket.freeze();
    let hinted = Instant::now();
    watch.hint("offline");
    let took = stage.dial(&server, 2, hinted, 2.5, 3.5).await?;
    no_sooner(took, 2.5, "the dial")?;
    Ok(())
}

async fn hints_without_end_starve_nobody(stage: &Stage) -> Result<()> {
    let server = stage.pending().await?;
    server.on_dial(|dial| async move { dial.hang().await });
    let watch = stage.watch(&server);
    let begun = Instant::now();
    while !watch.has_shown(1) {
        ensure!(
            begun.elapsed() < Duration::from_secs(16),
            "no poll has come in 16 s: {:?}",
            watch.states()
        );
        watch.hint("networkChanged");
        sleep(Duration::from_millis(250)).await;
    }
    // An attempt is let be for 2 s, so three of them have taken 6 s.
    let most = begun.elapsed().as_secs() / 2 + 2;
    ensure!(
        server.dialled() as u64 <= most,
        "{} dials in {:?}",
        server.dialled(),
        begun.elapsed()
    );

    server.on_dial(|dial| async move {
        sleep(Duration::from_millis(800)).await;
        dial.welcome().await;
    });
    let slow = Instant::now();
    while !watch.is("live") {
        ensure!(
            slow.elapsed() < Duration::from_secs(20),
            "a handshake of 800 ms is never let through"
        );
        watch.hint("networkChanged");
        sleep(Duration::from_millis(250)).await;
    }
    Ok(())
}
