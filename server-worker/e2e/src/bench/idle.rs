//! What a socket costs on which nothing happens: the server's memory, divided by the sockets.

use std::time::Duration;

use serde_json::json;
use transfer_status::TransferId;

use crate::load::ASLEEP_AFTER;
use crate::machine::resident_kib;
use crate::report::{Report, rounded};
use crate::service::{Language, Service};
use crate::watcher::Watcher;

pub(crate) async fn run(server: &dyn Service, quick: bool, report: &Report) {
    let (sockets, wait) = if quick {
        (50, Duration::from_secs(1))
    } else {
        // What is no object never sleeps.
        let sleeps = server.language() == Language::TransferStatus;
        (
            1_000,
            if sleeps {
                ASLEEP_AFTER
            } else {
                Duration::from_secs(1)
            },
        )
    };
    // Threads, buffers and code that the first sockets bring along.
    let warm = open(server, 50, |n| format!("warm-{n}")).await;
    let before = resident_kib(server.pid());
    let own = open(server, sockets, |n| format!("idle-{n}")).await;
    let own_awake = resident_kib(server.pid());
    tokio::time::sleep(wait).await;
    let own_asleep = resident_kib(server.pid());
    let shared = open(server, sockets, |_| "idle-together".to_owned()).await;
    tokio::time::sleep(wait).await;
    let shared_asleep = resident_kib(server.pid());

    let each = |from: u64, to: u64| rounded((to as f64 - from as f64) * 1.024 / sockets as f64);
    let figures = json!({
        "sockets": sockets,
        "kBPerSocketOfItsOwnTransfer": each(before, own_asleep),
        "kBPerSocketOfItsOwnTransferAwake": each(before, own_awake),
        "kBPerSocketOfOneTransfer": each(own_asleep, shared_asleep),
    });
    drop((warm, own, shared));
    let words = format!(
        "{} kB a socket with a transfer of its own ({} kB before it sleeps), {} kB where all watch one transfer",
        figures["kBPerSocketOfItsOwnTransfer"],
        figures["kBPerSocketOfItsOwnTransferAwake"],
        figures["kBPerSocketOfOneTransfer"]
    );
    report.result("idle", &words, figures);
}

async fn open(server: &dyn Service, sockets: usize, name: impl Fn(usize) -> String) -> Vec<Watcher> {
    let mut open = Vec::new();
    for number in 0..sockets {
        let id: TransferId = name(number).parse().expect("an id");
        open.push(Watcher::open(server, &id).await);
    }
    open
}
