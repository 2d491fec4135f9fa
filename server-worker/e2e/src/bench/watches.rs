//! What a watch of the SDK costs where one process holds thousands: its memory, and how soon each of them has news.
//!
//! The service is a stand on loopback in a process of its own, without TLS: what is measured is the SDK, and the stand's
//! sockets are in nobody's figures.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use transfer_status::{Client, Key, Minter, TransferId, Watch};
use transfer_status_e2e::{SUBSCRIBE_HMAC_SECRET, soon, unix_seconds};

use crate::machine::{OTHER_FILES, raise_open_files, resident_kib};
use crate::report::{Durations, Report, rounded};

/// The most that an idle watch may cost, in kB.
const KB: f64 = 20.0;
/// The latest that a watch may have its news.
const NEWS: Duration = Duration::from_secs(1);

/// Whether `count` watches keep to both limits.
pub(crate) async fn run(count: usize, report: &Report) -> bool {
    let wanted = count as u64 + OTHER_FILES;
    let allowed = raise_open_files(wanted);
    assert!(
        allowed >= wanted,
        "{wanted} open files are needed, and {allowed} allowed: raise the hard limit (`ulimit -Hn`), or ask for fewer watches"
    );
    let mut stand = Stand::start();
    let client = Client::builder(&stand.url)
        .build()
        .expect("a client of the stand");
    // Threads, buffers and code that the first ones bring along.
    let _warm = open(&client, "warm", 50).await;
    let before = resident_kib(std::process::id());
    let begun = Instant::now();
    let mut watches = open(&client, "order", count).await;
    let opened = begun.elapsed();
    let after = resident_kib(std::process::id());
    let told = Instant::now();
    stand.tell();
    let each = watches.iter_mut().map(async |watch| {
        let news = watch.next_status().await.expect("the watch goes on");
        assert_eq!(news.version, Some(2), "each change is shown once");
        told.elapsed()
    });
    let mut durations = Durations::default();
    for duration in soon(join_all(each)).await {
        durations.push(duration);
    }
    let kilobytes = rounded((after.saturating_sub(before)) as f64 * 1.024 / count as f64);
    let last = durations.quantile(1.0);
    let figures = json!({
        "watches": count,
        "kBPerIdleWatch": kilobytes,
        "openedAfterMs": rounded(opened.as_secs_f64() * 1_000.0),
        "newsMedianMs": durations.quantile(0.5),
        "newsLastMs": last,
    });
    let words = format!(
        "{count} in one process: {kilobytes} kB an idle one (at most {KB}), news at the median after {} ms, at the last after \
         {last} ms (at most {})",
        figures["newsMedianMs"],
        NEWS.as_millis()
    );
    report.result("watches", &words, figures);
    kilobytes <= KB && last <= NEWS.as_secs_f64() * 1_000.0
}

/// Watches that have had their first status.
async fn open(client: &Client, name: &str, count: usize) -> Vec<Watch> {
    let minter = Minter::new(Key::new(SUBSCRIBE_HMAC_SECRET).expect("a key"));
    let watches = (0..count).map(|number| {
        let id: TransferId = format!("{name}-{number}").parse().expect("an id");
        let request = minter.mint_until(id, "merchant-7", unix_seconds() + 3_600);
        client.watch_request(&request.expect("claims")).start()
    });
    let mut watches: Vec<_> = watches.collect();
    join_all(watches.iter_mut().map(async |watch| {
        let first = watch.next_status().await.expect("the watch goes on");
        assert_eq!(first.version, Some(1));
    }))
    .await;
    watches
}

/// The stand's process, which ends with this value.
struct Stand {
    process: Child,
    orders: ChildStdin,
    url: String,
}

impl Stand {
    fn start() -> Self {
        let program = std::env::current_exe().expect("this program has a file");
        let mut process = Command::new(program)
            .arg("stand")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the stand starts");
        let orders = process.stdin.take().expect("it is piped");
        let mut url = String::new();
        let told = process.stdout.take().expect("it is piped");
        BufReader::new(told)
            .read_line(&mut url)
            .expect("the stand says where it listens");
        Self {
            process,
            orders,
            url: url.trim().to_owned(),
        }
    }

    /// Has it tell every watcher of the next version.
    fn tell(&mut self) {
        self.orders.write_all(b"\n").expect("the stand listens");
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        // Not all is ours to mend here: it may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
