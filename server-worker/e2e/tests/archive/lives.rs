//! Many lives with kills, evictions, bad days of KV and hours that pass, at random from a seed: the first final status
//! that was acknowledged is what everybody reads in the end, and a year later.
//!
//! `LIVES_SEED=… LIVES=1000 cargo test -p transfer-status-e2e --test archive lives` has the same order of things again.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::block_in_place;
use transfer_status_e2e::{Options, Server, Sockets, until};

use crate::{DAY, HOUR, MINUTE, pass};

const ROUNDS: usize = 24;
const STATUSES: [&str; 8] = [
    "pending",
    "pending",
    "processing",
    "processing",
    "processing",
    "completed",
    "failed",
    "cancelled",
];

struct Life {
    id: String,
    /// The first final status that was acknowledged.
    end: Option<&'static str>,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_the_first_final_status_is_the_last_word() {
    let seed = number("LIVES_SEED").unwrap_or_else(|| fastrand::u64(..));
    let count = usize::try_from(number("LIVES").unwrap_or(60)).unwrap();
    println!("LIVES_SEED={seed} LIVES={count}");
    let mut random = fastrand::Rng::with_seed(seed);
    let server = Server::start(Options::default().with_instruments());
    let mut lives: Vec<_> = (0..count)
        .map(|n| Life {
            id: format!("life-{n}"),
            end: None,
        })
        .collect();

    for round in 0..ROUNDS {
        for _ in 0..count * 5 / ROUNDS {
            let life = random.choice(&mut lives).unwrap();
            let status = *random.choice(&STATUSES).unwrap();
            let payment = server.payment_named(&life.id);
            let answer = payment
                .post(&format!(r#""status":"{status}","message":"{round}""#))
                .await;
            assert!(matches!(answer.status, 200 | 409), "{}: {}", life.id, answer.body);
            let is_final = !matches!(status, "pending" | "processing");
            if answer.status == 200 && is_final && life.end.is_none() {
                life.end = Some(status);
            }
        }
        disturb(&server, &mut random, &lives).await;
    }

    server.faults(&well()).await;
    for life in &lives {
        // Objects that nobody has woken since a restart are out of reach of the clock.
        server.payment_named(&life.id).read().await;
    }
    pass(&server, 16 * MINUTE, 6).await;
    pass(&server, DAY, 3).await;
    all_is_as_acknowledged(&server, &lives).await;
    pass(&server, 60 * DAY, 6).await;
    all_is_as_acknowledged(&server, &lives).await;
}

fn well() -> Value {
    json!({ "archive": {
        "get": "ok", "put": "ok", "getMs": 0, "putMs": 0, "stale": false, "busy": false
    } })
}

async fn disturb(server: &Server, random: &mut fastrand::Rng, lives: &[Life]) {
    let minutes = |count| count * MINUTE;
    match random.u32(..7) {
        0 | 1 => {
            let get = random.choice(["ok", "ok", "fail"]).unwrap();
            let put = random.choice(["ok", "fail", "lose"]).unwrap();
            let (stale, busy) = (random.bool(), random.bool());
            let faults = json!({ "archive": {
                "get": get, "put": put, "getMs": random.u32(..30), "putMs": random.u32(..200), "stale": stale, "busy": busy
            } });
            server.faults(&faults).await;
        }
        2 => server.faults(&well()).await,
        3 => pass(server, minutes(random.u32(1..20)), 2).await,
        4 => pass(server, random.u32(1..30) * HOUR, 2).await,
        5 => {
            for life in lives {
                if random.bool() {
                    server.evict(&life.id.parse().unwrap(), Sockets::Hibernate);
                }
            }
        }
        _ => {
            // In the middle of what follows from an update.
            tokio::time::sleep(Duration::from_millis(random.u64(..40))).await;
            block_in_place(|| {
                server.kill();
                server.restart();
            });
        }
    }
}

async fn all_is_as_acknowledged(server: &Server, lives: &[Life]) {
    for life in lives {
        let payment = server.payment_named(&life.id);
        server.evict(&payment.id, Sockets::Hibernate);
        let read = payment.read().await.json();
        let Some(end) = life.end else {
            continue;
        };
        assert_eq!(read["status"], end, "{}: {read}", life.id);
        let contrary = if end == "failed" { "completed" } else { "failed" };
        let late = payment.post(&format!(r#""status":"{contrary}""#)).await;
        late.is_error(409, "conflict");
        assert_eq!(late.json()["transfer"], read);
    }
    until(async || {
        let listed = server.recent().await;
        let shown = |life: &Life| {
            let mut places = listed
                .iter()
                .filter(|transfer| transfer["id"] == life.id.as_str());
            let listed = places.next().map(|transfer| transfer["status"].as_str());
            life.end.is_none() || (listed == Some(life.end) && places.next().is_none())
        };
        lives.iter().all(shown)
    })
    .await;
}
