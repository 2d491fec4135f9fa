//! A bad network between a client and the server: one that knows no WebSockets, breaks, or swallows everything.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::server::Server;

/// A TCP proxy on loopback.
pub struct Proxy {
    address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Weather {
    refuses_upgrades: bool,
    /// Connections with a lower number are gone.
    cut: u64,
    /// Connections with a lower number are open, but nothing passes.
    frozen: u64,
    /// How many there have been.
    accepted: u64,
    /// How many of them asked for an upgrade and were refused.
    refused: u64,
}

impl Proxy {
    /// A proxy to `server` that passes everything on.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let weather = Arc::new(watch::Sender::new(Weather::default()));
        let task = tokio::spawn(accept(listener, server.address(), Arc::clone(&weather)));
        Self {
            address,
            weather,
            task,
        }
    }

    /// What clients are given instead of the server's own.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on an upgrade is answered with 403, as by a firewall; what is open breaks.
    pub fn refuse_upgrades(&self) {
        self.weather.send_modify(|weather| {
            weather.refuses_upgrades = true;
            weather.cut = weather.accepted;
        });
    }

    /// From now on upgrades pass again.
    pub fn admit_upgrades(&self) {
        self.weather
            .send_modify(|weather| weather.refuses_upgrades = false);
    }

    /// What is open stays open and carries nothing any more, in either direction. New connections work.
    pub fn freeze(&self) {
        self.weather
            .send_modify(|weather| weather.frozen = weather.accepted);
    }

    /// How many upgrades were refused.
    pub fn refused(&self) -> u64 {
        self.weather.borrow().refused
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, weather: Arc<watch::Sender<Weather>>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut number = 0;
        weather.send_modify(|weather| {
            number = weather.accepted;
            weather.accepted += 1;
        });
        tokio::spawn(carry(client, server, Arc::clone(&weather), number));
    }
}

async fn carry(
    mut client: TcpStream,
    server: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    number: u64,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    let upgrades = String::from_utf8_lossy(&head)
        .to_ascii_lowercase()
        .contains("\r\nupgrade:");
    if upgrades && weather.borrow().refuses_upgrades {
        weather.send_modify(|weather| weather.refused += 1);
        let answer = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        return client.write_all(answer).await.ok();
    }
    let mut upstream = TcpStream::connect(server).await.ok()?;
    upstream.write_all(&head).await.ok()?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = upstream.split();
    let mut state = weather.subscribe();
    tokio::select! {
        _ = pump(&mut from_client, &mut to_server, weather.subscribe(), number) => {}
        _ = pump(&mut from_server, &mut to_client, weather.subscribe(), number) => {}
        _ = state.wait_for(|weather| number < weather.cut) => {}
    }
    Some(())
}

/// Carries bytes one way. A frozen connection neither carries them nor ends.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    weather: watch::Receiver<Weather>,
    number: u64,
) -> Option<()> {
    let mut buffer = [0; 4096];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        if number < weather.borrow().frozen {
            std::future::pending::<()>().await;
        }
        if count == 0 {
            return None;
        }
        to.write_all(buffer.get(..count)?).await.ok()?;
    }
}
