//! A burst of updates goes over few connections, and the next burst over the same.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::{id, soon, transfer_json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use transfer_status::{Key, Publisher, RetryPolicy, Status, Update};

const BURST: usize = 200;

/// Answers every update on every connection, and counts the connections.
struct Counted {
    url: String,
    accepted: Arc<AtomicUsize>,
}

impl Counted {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer_all(stream));
            }
        });
        Self { url, accepted }
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

async fn answer_all(stream: TcpStream) -> std::io::Result<()> {
    let body = transfer_json(1, "completed");
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        stream.read_exact(&mut vec![0; length]).await?;
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// As many updates at once.
async fn burst(publisher: &Publisher) {
    let mut updates = JoinSet::new();
    for _ in 0..BURST {
        let publisher = publisher.clone();
        updates.spawn(async move { publisher.publish(&Update::new(id(), Status::Completed)).await });
    }
    for published in soon(updates.join_all()).await {
        published.unwrap();
    }
}

/// How many connections two bursts made.
async fn two_bursts(in_flight: Option<usize>) -> usize {
    let service = Counted::start().await;
    let mut builder =
        Publisher::builder(&*service.url, Key::new("test-secret").unwrap()).retry(RetryPolicy::none());
    if let Some(in_flight) = in_flight {
        builder = builder.max_in_flight(in_flight);
    }
    let publisher = builder.build().unwrap();
    burst(&publisher).await;
    burst(&publisher).await;
    service.accepted()
}

#[tokio::test]
async fn two_bursts_of_updates_make_no_more_handshakes_than_go_at_once() {
    let both = two_bursts(None).await;
    assert!(both <= 64, "{both} for twice {BURST} updates");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_publisher_of_many_threads_keeps_its_connections_as_well() {
    // Here an update may begin while the connection of the one before is on its way back to the pool, and dial.
    let both = two_bursts(None).await;
    assert!(both < BURST, "{both} for twice {BURST} updates");
}

#[tokio::test]
async fn a_bound_of_ones_own_holds() {
    for in_flight in [0, 1, 7] {
        let both = two_bursts(Some(in_flight)).await;
        assert!(both <= in_flight.max(1), "{both} for {in_flight}");
    }
}
