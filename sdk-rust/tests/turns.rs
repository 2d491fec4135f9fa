//! Many watches of one client: no more dials at once than it may make, and idle connections that are let go in time.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::convert::Infallible;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use support::watching::next_problem;
use support::{Peer, Service, id, signature, soon, transfer, transfer_json};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use transfer_status::{Client, Clock, Hint, ProblemKind, RetryPolicy, Watch};

/// A network whose connections a test lets come about one by one.
#[derive(Clone)]
struct Gate {
    asked: mpsc::UnboundedSender<oneshot::Sender<DuplexStream>>,
}

type Asked = mpsc::UnboundedReceiver<oneshot::Sender<DuplexStream>>;

impl Gate {
    fn new() -> (Self, Asked) {
        let (asked, asks) = mpsc::unbounded_channel();
        (Self { asked }, asks)
    }
}

impl tower_service::Service<Uri> for Gate {
    type Response = TokioIo<DuplexStream>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _to: Uri) -> Self::Future {
        let (ours, connected) = oneshot::channel();
        self.asked.send(ours).unwrap();
        Box::pin(async move {
            match connected.await {
                Ok(stream) => Ok(TokioIo::new(stream)),
                Err(_) => std::future::pending().await,
            }
        })
    }
}

/// tokio's clock, which a test can stop.
struct Paused(Instant);

impl Clock for Paused {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs(1_705_314_600) + self.elapsed()
    }
}

fn client(gate: Gate, dials: usize) -> Client {
    Client::builder("http://localhost")
        .connector(gate)
        .max_dials(dials)
        .clock(Paused(Instant::now()))
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

fn watch(client: &Client) -> Watch {
    client.watch(id()).signature(signature()).start()
}

/// Lets a connection come about, and plays the service on it.
async fn admit(asked: oneshot::Sender<DuplexStream>) -> support::Socket<DuplexStream> {
    let (theirs, stream) = tokio::io::duplex(64 * 1024);
    asked.send(theirs).unwrap();
    Peer { stream }.open_socket().await
}

/// All that can happen at this moment has happened.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_watches_makes_no_more_dials_at_once_than_it_may() {
    let (gate, mut asked) = Gate::new();
    let client = client(gate, 3);
    let watches: Vec<Watch> = (0..40).map(|_| watch(&client)).collect();
    settle().await;
    assert_eq!(asked.len(), 3);

    // A turn ends with the connection, not with the answer: a service that is slow to answer holds nobody up.
    let (theirs, _silent) = tokio::io::duplex(1024);
    asked.recv().await.unwrap().send(theirs).unwrap();
    settle().await;
    assert_eq!(asked.len(), 3, "two that wait, and the next one");

    let mut sockets = Vec::new();
    for _ in 1..40 {
        let mut socket = admit(soon(asked.recv()).await.unwrap()).await;
        socket.status(2, "completed").await;
        sockets.push(socket);
        settle().await;
        assert!(asked.len() <= 3, "{}", asked.len());
    }
    let mut done = 0;
    for watch in &watches {
        done += usize::from(watch.latest().is_some());
    }
    assert_eq!(done, 39);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_waits_for_its_turn_has_not_failed() {
    let (gate, mut asked) = Gate::new();
    let client = client(gate, 1);
    let mut hanging = Vec::new();
    for _ in 0..2 {
        hanging.push(watch(&client));
        settle().await;
    }
    let mut patient = watch(&client);
    settle().await;

    // Two hang, one after the other, for ten seconds each.
    let began = Instant::now();
    for mut watch in hanging {
        let problem = next_problem(&mut watch).await.unwrap();
        assert_eq!(problem.kind, ProblemKind::Timeout);
        drop(watch);
        let _hanging = asked.recv().await.unwrap();
    }
    let waited = began.elapsed();
    assert!(
        waited > Duration::from_secs(19) && waited < Duration::from_secs(21),
        "{waited:?}"
    );
    assert_eq!(patient.last_problem(), None);

    // Now the third has ten of its own.
    let theirs = asked.recv().await.unwrap();
    tokio::time::sleep(Duration::from_millis(9_900)).await;
    assert_eq!(patient.last_problem(), None);
    let mut socket = admit(theirs).await;
    socket.status(1, "processing").await;
    let shown = soon(patient.next_status()).await.unwrap();
    assert_eq!(*shown, transfer(1, "processing"));
    assert_eq!(patient.stats().failed_dials, 0);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_dropped_while_it_waits_gives_its_turn_on() {
    let (gate, mut asked) = Gate::new();
    let client = client(gate, 1);
    let first = watch(&client);
    settle().await;
    let second = watch(&client);
    let mut third = watch(&client);
    settle().await;
    drop((first, second));
    let _gone = asked.recv().await.unwrap();
    let mut socket = admit(soon(asked.recv()).await.unwrap()).await;
    socket.status(2, "completed").await;
    assert!(soon(third.next_status()).await.is_some());
}

#[tokio::test]
async fn connections_from_before_the_network_changed_are_not_used_again() {
    for hint in [Hint::NetworkChanged, Hint::Online, Hint::Foreground, Hint::Resume] {
        let service = Service::start().await;
        let client = Client::builder(service.url()).build().unwrap();
        let mut watch = watch(&client);
        let mut socket = service.accept_socket().await;
        socket.status(1, "processing").await;
        assert!(soon(watch.next_status()).await.is_some());

        let get = || {
            let client = client.clone();
            tokio::spawn(async move { client.get(&id(), &signature()).await })
        };
        let answer = get();
        let mut peer = service.accept().await;
        peer.serve("200 OK", "", &transfer_json(1, "processing")).await;
        soon(answer).await.unwrap().unwrap();
        // It is kept.
        let answer = get();
        peer.serve("200 OK", "", &transfer_json(1, "processing")).await;
        soon(answer).await.unwrap().unwrap();

        watch.hint(hint);
        let end = soon(peer.stream.read_u8()).await.unwrap_err();
        assert_eq!(end.kind(), ErrorKind::UnexpectedEof, "{hint:?}: it is let go");
        let answer = get();
        let mut peer = service.accept().await;
        peer.serve("200 OK", "", &transfer_json(1, "processing")).await;
        soon(answer).await.unwrap().unwrap();
        socket.status(2, "completed").await;
        assert!(soon(watch.next_status()).await.is_some(), "the socket lives on");
    }
}

#[tokio::test]
async fn what_is_under_way_goes_on_when_the_network_changes() {
    let service = Service::start().await;
    let client = Client::builder(service.url()).build().unwrap();
    let watch = watch(&client);
    let _socket = service.accept_socket().await;
    let answer = {
        let client = client.clone();
        tokio::spawn(async move { client.get(&id(), &signature()).await })
    };
    let mut peer = service.accept().await;
    peer.request().await;
    watch.hint(Hint::NetworkChanged);
    tokio::task::yield_now().await;
    peer.answer("200 OK", "", &transfer_json(1, "processing")).await;
    assert_eq!(soon(answer).await.unwrap().unwrap(), transfer(1, "processing"));
}
