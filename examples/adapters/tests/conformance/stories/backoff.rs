//! How long a client waits between its attempts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{Instant, sleep};

use super::{Story, story};
use crate::changes::locked;
use crate::stage::{Stage, late};

pub(super) const STORIES: &[Story] = &[
    story!(
        waits_are_full_jitter_and_double,
        "Wait a random time between 0 and the backoff (full jitter). The backoff begins at 500 ms, doubles with each attempt, and stays at 30 s."
    ),
    story!(
        backoff_begins_anew_once_a_snapshot_has_held,
        "It begins anew only after the first snapshot has held for 5 s: an accepted socket may still be refused."
    ),
];

/// The most that the wait before the second, third, … dial takes.
const WINDOWS: [f32; 5] = [0.5, 1.0, 2.0, 4.0, 8.0];

async fn waits_are_full_jitter_and_double(stage: &Stage) -> Result<()> {
    const WATCHES: usize = 20;
    let server = stage.pending().await?;
    // A browser slows down who dials in vain; a socket that opens and ends is none such.
    server.on_socket(|socket| async move { socket.close(1013) });
    let watches: Vec<_> = (0..WATCHES).map(|_| stage.watch(&server)).collect();
    let all_have_dialled = || {
        let each = server.dials_of_each();
        each.len() == WATCHES && each.iter().all(|dials| dials.len() > WINDOWS.len())
    };
    stage
        .so(WINDOWS.iter().sum(), "six dials of each watch", all_have_dialled)
        .await?;
    drop(watches);

    // How much of its window each wait took.
    let mut shares = Vec::new();
    for dials in server.dials_of_each() {
        for (n, (pair, window)) in dials.windows(2).zip(WINDOWS).enumerate() {
            let [before, after] = pair else { continue };
            let gap = after.duration_since(*before).as_secs_f32();
            ensure!(
                gap < window + late().as_secs_f32(),
                "wait {} took {gap:.1} s of {window}",
                n + 1
            );
            // The short ones are mostly the machine's own delays.
            if window >= 4.0 {
                shares.push(gap / window);
            }
        }
    }
    let mean = shares.iter().sum::<f32>() / shares.len() as f32;
    let least = shares.iter().copied().fold(f32::INFINITY, f32::min);
    let most = shares.iter().copied().fold(0.0, f32::max);
    // 40 even shares miss these bounds less than once in a million runs.
    ensure!(
        (0.25..0.8).contains(&mean),
        "waits take {mean:.2} of their window on average, and not a half"
    );
    ensure!(
        least < 0.33,
        "the shortest wait takes {least:.2} of its window: not from zero on"
    );
    ensure!(
        most > 0.67,
        "the longest wait takes {most:.2} of its window: not up to its end"
    );
    Ok(())
}

async fn backoff_begins_anew_once_a_snapshot_has_held(stage: &Stage) -> Result<()> {
    const WATCHES: usize = 16;
    // Longer than 5 s also for a client that a busy machine tells late.
    const HELD: Duration = Duration::from_secs(7);
    let server = stage.server().await?;
    let transfer = stage.transfer(1, "pending");
    let closed: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let ends = Arc::clone(&closed);
    server.on_dial(move |dial| {
        let (transfer, ends) = (transfer.clone(), Arc::clone(&ends));
        async move {
            let (turn, signature) = (dial.place.turn, dial.request.signature().unwrap_or_default());
            let Some(socket) = dial.accept().await else {
                return;
            };
            socket.status(&transfer);
            match turn {
                0..=3 => socket.close(1012),
                4 => {
                    sleep(HELD).await;
                    locked(&ends).insert(signature, Instant::now());
                    socket.close(1012);
                }
                _ => {}
            }
        }
    });
    let watches: Vec<_> = (0..WATCHES).map(|_| stage.watch(&server)).collect();
    let all_are_back = || {
        let each = server.dials_of_each();
        each.len() == WATCHES && each.iter().all(|dials| dials.len() >= 6)
    };
    stage
        .so(7.5 + 7.0 + 8.0, "six dials of each watch", all_are_back)
        .await?;
    drop(watches);

    let closed = locked(&closed);
    let (mut unheld, mut held) = (0.0, 0.0);
    for dial in server.dials() {
        let signature = dial.request.signature().unwrap_or_default();
        if let Some(end) = closed.get(&signature).filter(|end| dial.at > **end) {
            held += dial.at.duration_since(*end).as_secs_f32();
        }
    }
    for dials in server.dials_of_each() {
        if let [_, _, third, fourth, fifth, ..] = dials.as_slice() {
            unheld +=
                fourth.duration_since(*third).as_secs_f32() + fifth.duration_since(*fourth).as_secs_f32();
        }
    }
    // Windows of 2 s and 4 s give 48 s together, of 500 ms each 8 s; after the held one 4 s, and with no reset 64 s.
    ensure!(
        unheld > 20.0,
        "waits after snapshots that did not hold are {unheld:.1} s together: they begin anew each time"
    );
    ensure!(
        held < 24.0,
        "waits after a snapshot that held are {held:.1} s together: they do not begin anew"
    );
    Ok(())
}
