//! What a watch does when the time has passed it by: a device that slept, a process that was stopped.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use support::{QUICK, Service, id, ms, signature, soon, transfer};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use transfer_status::{Client, Clock, Timing};

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
struct ByHand(Arc<AtomicU64>);

impl ByHand {
    fn jump(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    /// Lets it run, about as fast as any.
    fn run(&self) {
        let clock = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(ms(5)).await;
                clock.jump(5);
            }
        });
    }
}

impl Clock for ByHand {
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs(1_705_314_600) + self.elapsed()
    }
}

fn client(service: &Service, timing: Timing, clock: &ByHand) -> Client {
    Client::builder(service.url())
        .timing(timing)
        .clock(clock.clone())
        .build()
        .unwrap()
}

fn ping() -> Message {
    Message::text(r#"{"type":"ping"}"#)
}

#[tokio::test]
async fn a_device_that_slept_asks_by_itself_whether_its_link_lives() {
    let service = Service::start().await;
    let clock = ByHand::default();
    let timing = QUICK.ping_after(ms(50));
    let watch = client(&service, timing, &clock)
        .watch(id())
        .signature(signature())
        .start();
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    soon(watch.wait_for(|_| true)).await.unwrap();
    let silence = tokio::time::timeout(ms(200), futures_util::StreamExt::next(&mut socket.stream)).await;
    assert!(
        silence.is_err(),
        "where the clock stands still nothing is due: {silence:?}"
    );

    clock.jump(3 * 3_600_000);
    assert_eq!(socket.next().await, Some(ping()), "without a hint");
    // It does not answer: over for good, by the clock, which runs from here on.
    clock.jump(10_000);
    clock.run();
    let mut socket = service.accept_socket().await;
    socket.status(2, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(2, "completed")));
}

#[tokio::test]
async fn a_device_that_slept_in_its_backoff_does_not_sit_out_the_rest() {
    let service = Service::start().await;
    let clock = ByHand::default();
    let timing = QUICK.backoff(ms(3_600_000), ms(3_600_000));
    let watch = client(&service, timing, &clock)
        .watch(id())
        .signature(signature())
        .start();
    drop(service.accept().await);
    assert!(service.is_left_alone().await);
    clock.jump(3_600_000);
    let mut socket = service.accept_socket().await;
    socket.status(1, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(1, "completed")));
}

/// The thread that carries the watches, which can be stopped as SIGSTOP stops a process.
struct Carrier {
    runtime: tokio::runtime::Handle,
    _stop: oneshot::Sender<()>,
}

impl Carrier {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || runtime.block_on(stopped));
        Self {
            runtime: handle,
            _stop: stop,
        }
    }

    /// Stops the thread for so long; gives once it stands.
    async fn stop(&self, time: Duration) {
        let (begun, has_begun) = oneshot::channel();
        self.runtime.spawn(async move {
            let _told = begun.send(());
            thread::sleep(time);
        });
        soon(has_begun).await.unwrap();
    }
}

#[tokio::test]
async fn a_process_that_was_stopped_keeps_the_links_that_are_good() {
    let service = Service::start().await;
    let carrier = Carrier::start();
    let deadline = ms(600);
    let client = Client::builder(service.url())
        .timing(QUICK.ping_after(ms(20)).pong_timeout(deadline))
        .runtime(carrier.runtime.clone())
        .build()
        .unwrap();
    let watch = client.watch(id()).signature(signature()).start();
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    for _ in 0..5 {
        assert_eq!(socket.next().await, Some(ping()));
        carrier.stop(deadline + ms(200)).await;
        // When the process goes on, the pong is there and its deadline is over.
        socket.send(r#"{"type":"pong"}"#).await;
    }
    assert_eq!(socket.next().await, Some(ping()));
    socket.status(2, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(2, "completed")));
    assert_eq!(watch.stats().dials, 1);
}
