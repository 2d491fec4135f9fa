//! Networks that know no WebSockets, and links that die without a word.

use std::time::Duration;

use tokio::time::sleep;
use transfer_status::{Connection, Hint, Status, Timing};
use transfer_status_e2e::{Proxy, QUICK, next_connection, next_status, soon};

use crate::server;

/// Polls often and finds a dead link soon, as loopback allows.
const IMPATIENT: Timing = QUICK
    .poll_interval(Duration::from_millis(100))
    .ping_after(Duration::from_millis(300))
    .pong_timeout(Duration::from_millis(300));

#[tokio::test]
async fn where_sockets_do_not_get_through_news_comes_by_polling_and_then_by_socket_again() {
    let payment = server().payment();
    let proxy = Proxy::start(server()).await;
    proxy.refuse_upgrades();
    let mut watch = payment.watch_at(&proxy.url(), IMPATIENT);

    assert_eq!(next_status(&mut watch).await, (0, Status::Pending));
    assert_eq!(watch.connection(), Connection::Polling);
    payment.report(Status::Pending).await;
    assert_eq!(next_status(&mut watch).await, (1, Status::Pending));
    payment.report(Status::Processing).await;
    assert_eq!(next_status(&mut watch).await, (2, Status::Processing));
    assert!(
        proxy.refused() >= 3,
        "it polls only after three failed attempts in a row"
    );

    // Meanwhile it goes on trying the socket.
    let refused = proxy.refused();
    soon(async {
        while proxy.refused() == refused {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    proxy.admit_upgrades();
    next_connection(&mut watch, Connection::Live).await;
    payment.report(Status::Completed).await;
    assert_eq!(next_status(&mut watch).await, (3, Status::Completed));
}

#[tokio::test]
async fn the_final_status_is_seen_by_polling_alone() {
    let payment = server().payment();
    let proxy = Proxy::start(server()).await;
    proxy.refuse_upgrades();
    let watch = payment.watch_at(&proxy.url(), IMPATIENT);
    payment.report(Status::Completed).await;
    let outcome = soon(watch.finished()).await.unwrap();
    assert_eq!((outcome.status, outcome.version), (Status::Completed, Some(1)));
}

#[tokio::test]
async fn a_network_that_begins_to_refuse_sockets_is_survived() {
    let payment = server().payment();
    let proxy = Proxy::start(server()).await;
    let mut watch = payment.watch_at(&proxy.url(), IMPATIENT);
    assert_eq!(next_status(&mut watch).await, (0, Status::Pending));
    proxy.refuse_upgrades();
    next_connection(&mut watch, Connection::Polling).await;
    payment.report(Status::Completed).await;
    assert_eq!(soon(watch.finished()).await.unwrap().version, Some(1));
}

#[tokio::test]
async fn a_link_that_carries_nothing_any_more_is_found_dead_and_replaced() {
    let payment = server().payment();
    let proxy = Proxy::start(server()).await;
    let mut watch = payment.watch_at(&proxy.url(), IMPATIENT);
    assert_eq!(next_status(&mut watch).await, (0, Status::Pending));
    proxy.freeze();
    payment.report(Status::Processing).await;
    assert_eq!(next_status(&mut watch).await, (1, Status::Processing));
    payment.report(Status::Completed).await;
    assert_eq!(soon(watch.finished()).await.unwrap().version, Some(2));
}

#[tokio::test]
async fn a_phone_that_changes_its_network_need_not_wait_for_the_ping() {
    let payment = server().payment();
    let proxy = Proxy::start(server()).await;
    // PROTOCOL.md's own 20 s of silence and 10 s for the pong: more than this test has patience for. That a link was
    // silent for 3 s before a hint puts it in doubt is waited for elsewhere.
    let timing = QUICK.probe_after(Duration::ZERO);
    let mut watch = payment.watch_at(&proxy.url(), timing);
    assert_eq!(next_status(&mut watch).await, (0, Status::Pending));
    proxy.freeze();
    payment.report(Status::Completed).await;
    watch.hint(Hint::NetworkChanged);
    assert_eq!(soon(watch.finished()).await.unwrap().version, Some(1));
}
