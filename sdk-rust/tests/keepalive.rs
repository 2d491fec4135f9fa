//! An idle connection whose other end is gone is found out by TCP itself.
#![cfg(all(feature = "client", feature = "publisher", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::net::SocketAddr;

use support::{QUICK, Service, id, signature, soon, transfer_json};
use tokio::net::TcpStream;
use transfer_status::{Client, Key, Publisher, Status, Update};

/// The kernel's timer of the connection from `local` to `remote`, as `/proc/net/tcp` has it: its kind, and when it is due
/// in hundredths of a second. By both ends: one that is over may have had the same port to elsewhere.
fn timer(local: SocketAddr, remote: SocketAddr) -> (u8, u64) {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let ports = [local, remote].map(|end| format!(":{:04X}", end.port()));
    let row = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|row| matches!(row[..], [_, from, to, ..] if from.ends_with(&ports[0]) && to.ends_with(&ports[1])))
        .unwrap();
    let (kind, due) = row[5].split_once(':').unwrap();
    (kind.parse().unwrap(), u64::from_str_radix(due, 16).unwrap())
}

fn keeps_alive(stream: &TcpStream) {
    const KEEPALIVE: u8 = 2;
    let (kind, due) = timer(stream.peer_addr().unwrap(), stream.local_addr().unwrap());
    assert_eq!(kind, KEEPALIVE);
    assert!((1..=2_500).contains(&due), "due in {due} hundredths");
}

#[tokio::test]
async fn a_pooled_connection_of_a_publisher_is_probed() {
    let service = Service::start().await;
    let publisher = Publisher::builder(service.url(), Key::new("test-secret").unwrap())
        .build()
        .unwrap();
    let other = publisher.clone();
    let published = tokio::spawn(async move { other.publish(&Update::new(id(), Status::Completed)).await });
    let mut peer = service.accept().await;
    peer.serve("200 OK", "", &transfer_json(1, "completed")).await;
    soon(published).await.unwrap().unwrap();
    keeps_alive(&peer.stream);
}

#[tokio::test]
async fn a_watchs_socket_is_probed() {
    let service = Service::start().await;
    let client = Client::builder(service.url()).timing(QUICK).build().unwrap();
    let mut watch = client.watch(id()).signature(signature()).start();
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    soon(watch.next()).await;
    keeps_alive(socket.stream.get_ref());
}
