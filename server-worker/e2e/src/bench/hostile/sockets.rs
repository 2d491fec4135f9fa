//! Hostile sockets: mute ones, bad frames, frames without end, floods, and readers that do not read.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use transfer_status::{Signature, Status, TransferId};
use transfer_status_e2e::Server;

use super::{OPENING, Size};
use crate::backend::Backend;
use crate::report::rounded;
use crate::watcher::Watcher;

/// PROTOCOL.md gives a socket 10 s to subscribe; the machine may be busy.
const UNPROVEN_WITHIN: Duration = Duration::from_secs(30);
/// Transfers that the mute ones ask for.
const ROOMS: usize = 50;
/// A transfer that nobody has reported.
const NOBODYS: &str = "nobodys";

/// A socket of a hostile client, byte by byte.
struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Opens it from an address of its own, with a valid signature.
    async fn open(server: &Server, id: &str, number: usize) -> Option<Self> {
        let signature = server.payment_named(id).signature();
        Self::open_at(server.address(), id, number, Some(&signature)).await
    }

    /// The same with that signature, or with none.
    async fn open_at(
        server: SocketAddr,
        id: &str,
        number: usize,
        signature: Option<&Signature>,
    ) -> Option<Self> {
        let socket = TcpSocket::new_v4().ok()?;
        // Little fits in between, so that who does not read is soon in the way.
        socket.set_recv_buffer_size(4_096).ok()?;
        let mut stream = socket.connect(server).await.ok()?;
        let offer = signature.map_or_else(String::new, |signature| {
            let signature = signature.to_protocol();
            format!("sec-websocket-protocol: transfer-status.v1, {signature}\r\n")
        });
        let address = format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
        let head = format!(
            "GET /ws/{id} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             cf-connecting-ip: {address}\r\n{offer}\r\n"
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        let reading = async {
            while !answer.ends_with(b"\r\n\r\n") {
                answer.push(stream.read_u8().await.ok()?);
            }
            Some(())
        };
        timeout(Duration::from_secs(60), reading).await.ok()??;
        answer.starts_with(b"HTTP/1.1 101").then_some(Self { stream })
    }

    /// The close code that comes in the end; 1006 where the connection ends without one, `None` where nothing does.
    async fn closed(&mut self, limit: Duration) -> Option<u16> {
        timeout(limit, self.read_all(limit)).await.ok()?.1
    }

    /// The same, and how many bytes came in frames before it; the end is too where no frame comes for as long as `rest`.
    async fn read_all(&mut self, rest: Duration) -> (usize, Option<u16>) {
        let mut bytes = 0;
        while let Ok(frame) = timeout(rest, self.frame()).await {
            match frame {
                Some((0x88, body)) => {
                    let code = match body.as_slice() {
                        [high, low, ..] => u16::from_be_bytes([*high, *low]),
                        _ => 1005,
                    };
                    return (bytes, Some(code));
                }
                Some((_, body)) => bytes += body.len(),
                None => return (bytes, Some(1006)),
            }
        }
        (bytes, None)
    }

    /// Whether a frame comes that has these words in it.
    async fn hears(&mut self, words: &str) -> bool {
        while let Some((_, body)) = self.frame().await {
            if String::from_utf8_lossy(&body).contains(words) {
                return true;
            }
        }
        false
    }

    async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.stream.read_u8().await.ok()?;
        let length = match self.stream.read_u8().await.ok()? & 127 {
            126 => u64::from(self.stream.read_u16().await.ok()?),
            127 => self.stream.read_u64().await.ok()?,
            short => u64::from(short),
        };
        let mut body = vec![0; usize::try_from(length).ok()?];
        self.stream.read_exact(&mut body).await.ok()?;
        Some((first, body))
    }

    async fn write(&mut self, bytes: &[u8]) -> bool {
        let writing = self.stream.write_all(bytes);
        matches!(timeout(Duration::from_secs(5), writing).await, Ok(Ok(())))
    }
}

/// A client's frame, with a mask of zeros, which changes nothing.
fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = head(first, body.len() as u64);
    frame.extend(body);
    frame
}

fn head(first: u8, length: u64) -> Vec<u8> {
    let mut head = vec![first];
    match length {
        0..=125 => head.push(0x80 | length as u8),
        126..=65_535 => {
            head.push(0x80 | 126);
            head.extend((length as u16).to_be_bytes());
        }
        _ => {
            head.push(0x80 | 127);
            head.extend(length.to_be_bytes());
        }
    }
    head.extend([0; 4]);
    head
}

/// Sockets that open, from as many addresses, and say nothing: each is closed in time, and no row was written.
pub(super) async fn never_subscribe(server: &Server, size: Size) -> Value {
    let begun = Instant::now();
    let address = server.address();
    let (places, opening) = (Semaphore::new(size.at_once), Semaphore::new(OPENING));
    let (places, opening) = (Arc::new(places), Arc::new(opening));
    let (open, most_open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut sockets = JoinSet::new();
    for number in 0..size.sockets {
        let place = Arc::clone(&places).acquire_owned().await;
        let turn = Arc::clone(&opening).acquire_owned().await;
        let (open, most_open) = (Arc::clone(&open), Arc::clone(&most_open));
        sockets.spawn(async move {
            let socket = Raw::open_at(address, &format!("mute-{}", number % ROOMS), number, None).await;
            drop(turn);
            let mut socket = socket?;
            let are_open = open.fetch_add(1, Ordering::Relaxed) + 1;
            most_open.fetch_max(are_open, Ordering::Relaxed);
            // Reading begins at once, so that what each is told is known when it ends.
            let code = socket.closed(UNPROVEN_WITHIN + Duration::from_secs(30)).await;
            open.fetch_sub(1, Ordering::Relaxed);
            drop(place);
            code
        });
    }
    let all_turns = u32::try_from(OPENING).unwrap_or(u32::MAX);
    drop(opening.acquire_many(all_turns).await);
    let opened_in = begun.elapsed();
    let mut codes: BTreeMap<String, u64> = BTreeMap::new();
    while let Some(code) = sockets.join_next().await {
        let code = match code.ok().flatten() {
            Some(code) => code.to_string(),
            None => "neverClosed".to_owned(),
        };
        *codes.entry(code).or_default() += 1;
    }
    let known = ["4408", "4429", "1013"];
    let wrong: Vec<String> = codes
        .iter()
        .filter(|(code, _)| !known.contains(&code.as_str()))
        .map(|(code, count)| format!("{count} were closed by {code}"))
        .collect();
    json!({
        "tried": size.sockets, "openAtOnce": most_open.load(Ordering::Relaxed), "codes": codes, "openedInSeconds": opened_in.as_secs_f64().round(), "wrong": wrong,
    })
}

/// Sockets that open with a valid signature, from as many addresses, and say nothing: they stay, so all are open at once.
/// Each transfer goes on meanwhile, and the last of its sockets gets the news.
pub(super) async fn silent_holders(server: &Server, size: Size) -> Value {
    let begun = Instant::now();
    let address = server.address();
    let opening = Arc::new(Semaphore::new(OPENING));
    let name = |number: usize| format!("held-{}", number % ROOMS);
    let signatures: Vec<_> = (0..ROOMS)
        .map(|room| server.payment_named(&name(room)).signature())
        .collect();
    let mut sockets = JoinSet::new();
    for number in 0..size.at_once {
        let turn = Arc::clone(&opening).acquire_owned().await;
        let signature = signatures.get(number % ROOMS).cloned();
        sockets.spawn(async move {
            let socket = Raw::open_at(address, &name(number), number, signature.as_ref()).await;
            drop(turn);
            Some((number % ROOMS, socket?))
        });
    }
    let (mut open, mut last) = (Vec::new(), BTreeMap::new());
    while let Some(socket) = sockets.join_next().await {
        if let Some((room, socket)) = socket.ok().flatten() {
            open.extend(last.insert(room, socket));
        }
    }
    let opened_in = begun.elapsed().as_secs_f64();
    let count = open.len() + last.len();
    let mut backend = Backend::connect(server).await;
    let telling = Instant::now();
    let mut unheard = Vec::new();
    for (room, socket) in &mut last {
        let id = name(*room).parse().expect("an id");
        backend.report(&id, &Status::Processing, "all are told").await;
        if !timeout(UNPROVEN_WITHIN, socket.hears("all are told"))
            .await
            .unwrap_or(false)
        {
            unheard.push(format!("{id}: its last holder was not told"));
        }
    }
    let told_in = telling.elapsed().as_secs_f64();
    let missing = size.at_once - count;
    let wrong = (missing > 0).then(|| format!("{missing} were not let in"));
    let wrong: Vec<_> = wrong.into_iter().chain(unheard).collect();
    json!({
        "tried": size.at_once, "openAtOnce": count, "openedInSeconds": opened_in.round(),
        "allToldInSeconds": rounded(told_in), "rightfulUpdates": ROOMS, "rightfulTransfers": ROOMS, "wrong": wrong,
    })
}

/// Frames that are no message of the protocol, each on a socket of its own, and the code that each is closed with.
pub(super) async fn bad_frames(server: &Server) -> Value {
    let big = vec![b'a'; 1 << 20];
    let nested = "[".repeat(4_096);
    let mut objects = r#"{"type":"#.repeat(500);
    objects.push('1');
    let cases: Vec<(&str, Vec<u8>, &[u16])> = vec![
        ("a megabyte of text", frame(0x81, &big), &[4413]),
        ("a megabyte of bytes", frame(0x82, &big), &[4413, 4400]),
        ("4,097 bytes", frame(0x81, &big[..4_097]), &[4413]),
        ("4,096 levels", frame(0x81, nested.as_bytes()), &[4400]),
        ("500 objects", frame(0x81, objects.as_bytes()), &[4400]),
        ("no JSON", frame(0x81, b"hello"), &[4400]),
        ("bytes", frame(0x82, b"{}"), &[4400]),
        (
            "no UTF-8",
            frame(0x81, b"{\"type\":\"\xff\"}"),
            &[4400, 1007, 1006, 1002],
        ),
        ("reserved bits", frame(0xf1, b"{}"), &[1002, 1006]),
        ("a reserved opcode", frame(0x83, b"{}"), &[1002, 1006]),
        ("a ping in pieces", frame(0x09, b"x"), &[1002, 1006]),
        ("a piece of nothing", frame(0x80, b"x"), &[1002, 1006]),
        ("no mask", vec![0x81, 2, b'{', b'}'], &[1002, 1006, 4400]),
    ];
    let tried = cases.len();
    let mut told = BTreeMap::new();
    let mut wrong = Vec::new();
    for (number, (name, bytes, right)) in cases.into_iter().enumerate() {
        let Some(mut socket) = Raw::open(server, NOBODYS, number).await else {
            wrong.push(format!("{name}: no socket"));
            continue;
        };
        socket.write(&bytes).await;
        let code = socket.closed(Duration::from_secs(20)).await;
        if !code.is_some_and(|code| right.contains(&code)) {
            wrong.push(format!("{name}: closed by {code:?}"));
        }
        told.insert(name, code);
    }
    json!({ "tried": tried, "codes": told, "wrong": wrong })
}

/// Frames that are announced and never end: one of 2^62 bytes, and a message of pieces without a last one.
pub(super) async fn endless_frames(server: &Server, size: Size) -> Value {
    let begun = Instant::now();
    let mut sent = 0_usize;
    let mut cut_after = BTreeMap::new();
    let chunk = vec![b'a'; 64 * 1024];
    for (number, name) in ["one frame", "pieces"].into_iter().enumerate() {
        let Some(mut socket) = Raw::open(server, NOBODYS, number).await else {
            continue;
        };
        let mut of_this = 0;
        let begins = match name {
            "one frame" => head(0x81, 1 << 62),
            _ => frame(0x01, b"a"),
        };
        let mut goes_on = socket.write(&begins).await;
        // A gigabyte is more than any limit on the way.
        while goes_on && begun.elapsed() < size.time * 2 && of_this < 1 << 30 {
            goes_on = match name {
                "one frame" => socket.write(&chunk).await,
                _ => socket.write(&frame(0x00, &chunk)).await,
            };
            of_this += chunk.len();
            // Whoever is closed is told so while it still writes.
            let told = timeout(Duration::from_millis(1), socket.frame()).await;
            goes_on &= !matches!(told, Ok(None | Some((0x88, _))));
        }
        cut_after.insert(name, json!({ "bytes": of_this, "cut": !goes_on }));
        sent += of_this;
    }
    let wrong: Vec<String> = cut_after
        .iter()
        .filter(|(_, told)| told["cut"] == false)
        .map(|(name, _)| format!("{name}: taken without end"))
        .collect();
    json!({ "tried": sent / (64 * 1024), "ends": cut_after, "wrong": wrong })
}

/// Messages faster than anybody reads them, on a socket that has shown its signature.
pub(super) async fn flood(server: &Server, size: Size) -> Value {
    let mut told = BTreeMap::new();
    let mut wrong = Vec::new();
    // Pings are the network's to answer; what is none is the room's.
    let kinds = [("pings", r#"{"type":"ping"}"#), ("others", r#"{"type":"pong" }"#)];
    for (number, (name, text)) in kinds.into_iter().enumerate() {
        let Some(mut socket) = Raw::open(server, NOBODYS, number).await else {
            wrong.push(format!("{name}: no socket"));
            continue;
        };
        let batch = frame(0x81, text.as_bytes()).repeat(50);
        let begun = Instant::now();
        let mut sent = 0;
        while sent < size.burst && socket.write(&batch).await {
            sent += 50;
        }
        let took = begun.elapsed().as_secs_f64();
        let limit = Duration::from_secs(if name == "others" { 20 } else { 1 });
        let code = socket.closed(limit).await;
        told.insert(
            name,
            json!({ "sent": sent, "aSecond": (sent as f64 / took).round(), "closedBy": code }),
        );
        if name == "others" && code != Some(4429) {
            wrong.push(format!("{name}: closed by {code:?}, and not 4429"));
        }
    }
    json!({ "tried": size.burst, "floods": told, "wrong": wrong })
}

/// Watchers that stop reading while a transfer changes again and again: those who read do not wait for them.
pub(super) async fn deaf_readers(server: &Server, size: Size) -> Value {
    const LIVES: &str = "deaf";
    /// What waits for a socket whose client does not read: 256 KiB in the server (PROTOCOL.md, section 7), and what the
    /// kernel keeps (`net.ipv4.tcp_wmem`, 4 MiB as Linux sets it), with some frames more.
    const DEAF_BYTES: usize = (4 << 20) + (256 << 10) + (64 << 10);
    let deaf_count = (size.sockets / 20).min(90);
    let id: TransferId = LIVES.parse().expect("an id");
    let mut deaf = Vec::new();
    for number in 0..deaf_count {
        deaf.extend(Raw::open(server, LIVES, number).await);
    }
    let mut reader = Watcher::open(server, &id).await;
    let mut backend = Backend::connect(server).await;
    let padding = "x".repeat(7_900);
    let updates = size.burst as u64 / 10;
    let mut slowest = Duration::ZERO;
    for version in 1..=updates {
        let begun = Instant::now();
        let body = format!(
            r#"{{"transferId":"{id}","status":"processing","message":"{version}","metadata":{{"x":"{padding}"}}}}"#
        );
        let (status, answer) = backend.post(body).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        reader.version(version).await;
        slowest = slowest.max(begun.elapsed());
    }
    let slowest = slowest.as_secs_f64() * 1_000.0;
    let mut wrong: Vec<String> = (slowest > super::HONEST_WITHIN)
        .then(|| format!("a reader waited {slowest:.0} ms"))
        .into_iter()
        .collect();
    // What waited for them comes when they read at last.
    let reading = deaf.iter_mut().map(|socket| socket.read_all(size.time));
    let (mut most, mut codes) = (0, BTreeMap::new());
    for (bytes, code) in join_all(reading).await {
        most = most.max(bytes);
        let code = code.map_or_else(|| "open".to_owned(), |code| code.to_string());
        *codes.entry(code).or_insert(0) += 1;
    }
    let is_enough = updates as usize * padding.len() > 2 * DEAF_BYTES;
    if is_enough && codes.keys().any(|code| code != "1013") {
        wrong.push(format!("readers that do not read were closed by {codes:?}"));
    }
    if most > DEAF_BYTES {
        wrong.push(format!("a reader that does not read was sent {most} bytes"));
    }
    json!({
        "tried": deaf_count, "rightfulUpdates": updates, "slowestForThoseWhoReadMs": slowest.round(),
        "mostBytesToOne": most, "codes": codes, "wrong": wrong,
    })
}
