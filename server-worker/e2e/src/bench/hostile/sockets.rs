//! Hostile sockets: mute ones, bad frames, frames without end, floods, and readers that do not read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use transfer_status::TransferId;
use transfer_status_e2e::Server;

use super::{OPENING, Size};
use crate::backend::Backend;
use crate::watcher::Watcher;

/// PROTOCOL.md gives a socket 10 s to subscribe; the machine may be busy.
const UNPROVEN_WITHIN: Duration = Duration::from_secs(30);
/// A transfer that nobody has reported.
const NOBODYS: &str = "nobodys";

/// A socket of a hostile client, byte by byte.
struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Opens it from an address of its own, with a signature or with none.
    async fn open(server: &Server, id: &str, number: usize, proven: bool) -> Option<Self> {
        let socket = TcpSocket::new_v4().ok()?;
        // Little fits in between, so that who does not read is soon in the way.
        socket.set_recv_buffer_size(4_096).ok()?;
        let mut stream = socket.connect(server.address()).await.ok()?;
        let offer = match proven {
            true => {
                let signature = server.payment_named(id).signature();
                format!(
                    "sec-websocket-protocol: transfer-status.v1, {}\r\n",
                    signature.to_protocol()
                )
            }
            false => String::new(),
        };
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
        let reading = async {
            loop {
                match self.frame().await {
                    Some((0x88, body)) => {
                        return match body.as_slice() {
                            [high, low, ..] => u16::from_be_bytes([*high, *low]),
                            _ => 1005,
                        };
                    }
                    Some(_) => {}
                    None => return 1006,
                }
            }
        };
        timeout(limit, reading).await.ok()
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
    let mut codes: BTreeMap<String, u64> = BTreeMap::new();
    let mut open = Vec::new();
    let mut most_open = 0;
    let places = Arc::new(Semaphore::new(size.at_once));
    for first in (0..size.sockets).step_by(OPENING) {
        let batch = first..size.sockets.min(first + OPENING);
        let opening = batch.map(|number| {
            let place = Arc::clone(&places).acquire_owned();
            async move {
                let place = place.await.ok()?;
                let socket = Raw::open(server, &format!("mute-{}", number % 50), number, false).await?;
                Some((socket, place))
            }
        });
        for socket in join_all(opening).await {
            // Reading begins at once, so that what each is told is known when it ends.
            open.push(tokio::spawn(async move {
                let (mut socket, _place) = socket?;
                socket.closed(UNPROVEN_WITHIN + Duration::from_secs(30)).await
            }));
        }
        most_open = most_open.max(size.at_once - places.available_permits());
    }
    let opened_in = begun.elapsed();
    for socket in open {
        let code = match socket.await.ok().flatten() {
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
        "tried": size.sockets, "openAtOnce": most_open, "codes": codes, "openedInSeconds": opened_in.as_secs_f64().round(), "wrong": wrong,
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
        let Some(mut socket) = Raw::open(server, NOBODYS, number, true).await else {
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
        let Some(mut socket) = Raw::open(server, NOBODYS, number, true).await else {
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
        let Some(mut socket) = Raw::open(server, NOBODYS, number, true).await else {
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
    let deaf_count = (size.sockets / 20).min(90);
    let id: TransferId = LIVES.parse().expect("an id");
    let mut deaf = Vec::new();
    for number in 0..deaf_count {
        deaf.extend(Raw::open(server, LIVES, number, true).await);
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
    drop(deaf);
    let slowest = slowest.as_secs_f64() * 1_000.0;
    let wrong: Vec<String> = (slowest > super::HONEST_WITHIN)
        .then(|| format!("a reader waited {slowest:.0} ms"))
        .into_iter()
        .collect();
    json!({
        "tried": deaf_count, "rightfulUpdates": updates, "slowestForThoseWhoReadMs": slowest.round(), "wrong": wrong,
    })
}
