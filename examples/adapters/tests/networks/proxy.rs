//! A network between a client and the server that does what networks do to people.
//!
//! Each connection keeps the [`Way`] that the network had when it was opened. The proxies run on a thread of their own,
//! so that no story and no other proxy holds one up.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::server;

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// It works.
    Through,
    /// Every byte comes alone, and after a pause.
    ByteByByte,
    /// Each direction takes this long.
    Late(Duration),
    /// It is taken, and nothing is ever said: a server that hangs, or TLS that never ends.
    Silence,
    /// So many bytes of what the server says come, and then nothing any more.
    Stops(u64),
    /// Whatever is said is answered by what is neither TLS nor HTTP.
    Noise,
    /// Every request is sent elsewhere to sign in, by a 302.
    SignIn,
    /// Every request gets a page with a 200, sockets too.
    Page,
    /// A socket opens, and what the server says on it is kept back for ever; other requests work.
    KeepsFrames,
    /// Sockets are refused, and the answers to other requests break off before their end.
    BreaksAnswers,
}

#[derive(Debug, Clone, Copy)]
struct Weather {
    way: Way,
    /// How many connections there have been; each has the next number, from 0.
    accepted: u64,
    /// Those with a lower number are cut.
    cut: u64,
    /// Those with a lower number stay open and carry nothing any more.
    frozen: u64,
    /// Those with a lower number are reset in the middle of the next thing that the server says.
    torn: u64,
}

/// A proxy in front of the server.
pub(crate) struct Proxy {
    address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    task: AbortHandle,
}

impl Proxy {
    pub(crate) fn start(way: Way) -> Result<Self> {
        Self::before(server::address()?, way)
    }

    /// One in front of `upstream`, which may talk TLS where no way has to understand what is said.
    pub(crate) fn before(upstream: SocketAddr, way: Way) -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let weather = Arc::new(watch::Sender::new(Weather {
            way,
            accepted: 0,
            cut: 0,
            frozen: 0,
            torn: 0,
        }));
        let accepting = accept(listener, upstream, Arc::clone(&weather));
        let task = thread_of_proxies()?.spawn(accepting).abort_handle();
        Ok(Self {
            address,
            weather,
            task,
        })
    }

    /// What clients are given instead of the server's own address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn tls_url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// What is open is cut, and what comes goes this way.
    pub(crate) fn becomes(&self, way: Way) {
        self.weather.send_modify(|weather| {
            weather.way = way;
            weather.cut = weather.accepted;
        });
    }

    /// What is open is cut, without a close frame.
    pub(crate) fn cut(&self) {
        self.weather.send_modify(|weather| weather.cut = weather.accepted);
    }

    /// What is open stays so and carries nothing any more, in either direction; new connections work.
    pub(crate) fn freeze(&self) {
        self.weather
            .send_modify(|weather| weather.frozen = weather.accepted);
    }

    /// What is open is reset in the middle of the next thing that the server says.
    pub(crate) fn tear(&self) {
        self.weather
            .send_modify(|weather| weather.torn = weather.accepted);
    }

    /// How many connections there have been.
    pub(crate) fn accepted(&self) -> u64 {
        self.weather.borrow().accepted
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

pub(crate) fn thread_of_proxies() -> Result<&'static Handle> {
    static HANDLE: OnceLock<Option<Handle>> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let handle = runtime.handle().clone();
        thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        Some(handle)
    });
    handle.as_ref().context("no runtime for the proxies")
}

async fn accept(listener: std::net::TcpListener, server: SocketAddr, weather: Arc<watch::Sender<Weather>>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((client, _)) = listener.accept().await {
        let _slower = client.set_nodelay(true);
        let mut number = 0;
        weather.send_modify(|weather| {
            number = weather.accepted;
            weather.accepted += 1;
        });
        let way = weather.borrow().way;
        let receiver = weather.subscribe();
        tokio::spawn(async move {
            let mut cut = receiver.clone();
            tokio::select! {
                _ = carry(client, server, way, number, receiver) => {}
                _ = cut.wait_for(|weather| number < weather.cut) => {}
            }
        });
    }
}

async fn carry(
    mut client: TcpStream,
    server: SocketAddr,
    way: Way,
    number: u64,
    weather: watch::Receiver<Weather>,
) -> Option<()> {
    match way {
        Way::Silence => return swallow(&mut client).await,
        Way::Noise => {
            client.read_u8().await.ok()?;
            return client.write_all(b"220 mail.example ESMTP\r\n").await.ok();
        }
        Way::SignIn => {
            let answer =
                "HTTP/1.1 302 Found\r\nlocation: http://portal.example/sign-in\r\ncontent-length: 0\r\n\r\n";
            return answer_all(&mut client, answer).await;
        }
        Way::Page => {
            let page = "<!doctype html><title>Welcome</title><p>Sign in to use this network.";
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{page}",
                page.len()
            );
            return answer_all(&mut client, &answer).await;
        }
        Way::Through
        | Way::ByteByByte
        | Way::Late(_)
        | Way::Stops(_)
        | Way::KeepsFrames
        | Way::BreaksAnswers => {}
    }
    let head = match way {
        Way::KeepsFrames | Way::BreaksAnswers => read_head(&mut client).await?,
        _ => Vec::new(),
    };
    let upgrades = String::from_utf8_lossy(&head)
        .to_ascii_lowercase()
        .contains("\r\nupgrade:");
    if way == Way::BreaksAnswers && upgrades {
        let answer = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        return client.write_all(answer).await.ok();
    }
    let mut upstream = TcpStream::connect(server).await.ok()?;
    let _slower = upstream.set_nodelay(true);
    if way == Way::KeepsFrames && upgrades {
        upstream.write_all(&head).await.ok()?;
        let answer = read_head(&mut upstream).await?;
        client.write_all(&answer).await.ok()?;
        let (mut from_client, _to_client) = client.split();
        let (mut from_server, mut to_server) = upstream.split();
        tokio::select! {
            _ = swallow(&mut from_server) => {}
            _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        }
        return None;
    }
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = upstream.split();
    if let Way::Stops(after) = way {
        let some = async {
            let mut beginning = from_server.take(after);
            tokio::io::copy(&mut beginning, &mut to_client).await.ok()?;
            swallow(&mut beginning.into_inner()).await
        };
        tokio::select! {
            _ = some => {}
            _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        }
        return None;
    }
    let first = std::io::Cursor::new(head);
    let mut from_client = first.chain(&mut from_client);
    let reset = tokio::select! {
        _ = pump(&mut from_client, &mut to_server, way, number, weather.clone(), false) => false,
        reset = pump(&mut from_server, &mut to_client, way, number, weather, true) => reset.is_none(),
    };
    if reset {
        // With no time to linger, the end is a reset.
        let _ended = rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO));
    }
    Some(())
}

/// Answers every request on the connection the same, as a portal does.
async fn answer_all(client: &mut TcpStream, answer: &str) -> Option<()> {
    loop {
        read_head(client).await?;
        client.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// Reads for ever and says nothing; gives up only when the other end does.
async fn swallow(from: &mut (impl AsyncRead + Unpin)) -> Option<()> {
    let mut buffer = [0; 4096];
    while from.read(&mut buffer).await.ok()? > 0 {}
    None
}

async fn read_head(from: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16_384 {
        head.push(from.read_u8().await.ok()?);
    }
    Some(head)
}

/// Carries bytes one way, by the way that the connection has. `None` when it is to be reset.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    way: Way,
    number: u64,
    weather: watch::Receiver<Weather>,
    from_server: bool,
) -> Option<()> {
    let delay = match way {
        Way::Late(delay) => delay,
        _ => Duration::ZERO,
    };
    let (chunks, mut due) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    // Reading goes on while what was read waits for its time: this is delay, and not a narrow line.
    let reading = async {
        let mut buffer = [0; 4096];
        loop {
            let count = from.read(&mut buffer).await.unwrap_or(0);
            let chunk = buffer.get(..count).unwrap_or_default().to_vec();
            let _ended = chunks.send((Instant::now() + delay, chunk));
            if count == 0 {
                std::future::pending::<()>().await;
            }
        }
    };
    let writing = async {
        while let Some((at, chunk)) = due.recv().await {
            sleep_until(at).await;
            let Weather { frozen, torn, .. } = *weather.borrow();
            if number < frozen {
                std::future::pending::<()>().await;
            }
            if chunk.is_empty() {
                break;
            }
            let breaks = from_server && (number < torn || way == Way::BreaksAnswers);
            let upto = if breaks { chunk.len() / 2 } else { chunk.len() };
            let chunk = chunk.get(..upto)?;
            if way == Way::ByteByByte {
                for byte in chunk {
                    to.write_all(&[*byte]).await.ok()?;
                    sleep(Duration::from_millis(1)).await;
                }
            } else {
                to.write_all(chunk).await.ok()?;
            }
            if breaks {
                return None;
            }
        }
        Some(())
    };
    tokio::select! {
        () = reading => Some(()),
        written = writing => written,
    }
}
