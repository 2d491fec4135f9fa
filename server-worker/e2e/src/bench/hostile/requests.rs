//! Hostile requests: heads that never end, guesses, smuggled requests, tricks with paths.

use std::collections::BTreeMap;
use std::io::ErrorKind::WouldBlock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use transfer_status_e2e::{ADMIN_TOKEN, Server};

use super::Size;
use crate::report::rounded;

/// Where all guesses come from.
const GUESSER: &str = "203.0.113.66";

/// Upgrades that send a byte of their head now and then, and never its end.
///
/// They hold connections and cost as little as they can, so each waits for seconds between two bytes, and they take turns.
/// As a flood of single bytes they would be another attack, on the one thread that reads all connections: workerd's
/// own, which no code behind it can mend, and which nobody reaches past Cloudflare's edge.
pub(super) async fn slow_heads(server: &Server, size: Size) -> Value {
    /// Bytes of each head while it goes on.
    const ROUNDS: u32 = 4;
    /// Turns of a round.
    const TURNS: usize = 25;
    let mut held = Vec::new();
    let connecting = Instant::now();
    for number in 0..size.at_once {
        let Ok(mut stream) = TcpStream::connect(server.address()).await else {
            break;
        };
        let head = format!("GET /ws/slow-{number} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nx-padding: ");
        if stream.write_all(head.as_bytes()).await.is_ok() {
            held.push(stream);
        }
    }
    let connected_in = connecting.elapsed().as_secs_f64();
    let turns = ROUNDS as usize * TURNS;
    for turn in 0..turns {
        for stream in held.iter_mut().skip(turn % TURNS).step_by(TURNS) {
            // It may be closed already, for a head has a time to come.
            let _closed = stream.write_all(b"a").await;
        }
        sleep(size.time / ROUNDS / TURNS as u32).await;
    }
    let is_open =
        |stream: &&TcpStream| matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == WouldBlock);
    json!({
        "tried": size.at_once, "connected": held.len(), "connectedInSeconds": rounded(connected_in),
        "openInTheEnd": held.iter().filter(is_open).count(),
    })
}

/// Wrong tokens and wrong signatures as fast as they go out, on a few connections that stay.
pub(super) async fn guess(server: &Server, size: Size) -> Value {
    const CONNECTIONS: usize = 8;
    let (address, each) = (server.address(), size.burst / CONNECTIONS);
    let begun = Instant::now();
    let mut guesses = JoinSet::new();
    for connection in 0..CONNECTIONS {
        guesses.spawn(async move {
            let mut answers: BTreeMap<String, u64> = BTreeMap::new();
            let Ok(mut stream) = TcpStream::connect(address).await else {
                return answers;
            };
            for number in 0..each {
                let bearer = format!("guess-{connection}-{number}-0123456789abcdef");
                let path = if number % 2 == 0 {
                    "/recent"
                } else {
                    "/transfer/honest"
                };
                let request =
                    format!("GET {path} HTTP/1.1\r\nhost: x\r\ncf-connecting-ip: {GUESSER}\r\nauthorization: Bearer {bearer}\r\n\r\n");
                let Some(status) = exchange(&mut stream, &request).await else {
                    break;
                };
                *answers.entry(status).or_default() += 1;
            }
            answers
        });
    }
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    while let Some(of_one) = guesses.join_next().await {
        for (status, count) in of_one.unwrap_or_default() {
            *answers.entry(status).or_default() += count;
        }
    }
    let took = begun.elapsed().as_secs_f64();
    let mut wrong: Vec<String> = answers
        .keys()
        .filter(|status| !["401", "429"].contains(&status.as_str()))
        .map(|status| format!("a guess was answered by {status}"))
        .collect();
    if !answers.contains_key("429") {
        wrong.push("nobody was told to stop guessing".to_owned());
    }
    // From where it was guessed, the right token is refused as well, and a right signature still reads.
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let right = server
        .get(
            "/recent",
            &[("authorization", &bearer), ("cf-connecting-ip", GUESSER)],
        )
        .await;
    if right.status != 429 {
        wrong.push(format!(
            "the right token was answered by {} after all these",
            right.status
        ));
    }
    if server.payment_named("honest").read().await.status != 200 {
        wrong.push("a right signature does not read any more".to_owned());
    }
    let tried = answers.values().sum::<u64>();
    json!({ "tried": tried, "answers": answers, "aSecond": (tried as f64 / took).round(), "wrong": wrong })
}

/// One request and the status of its answer, on a connection that stays.
async fn exchange(stream: &mut TcpStream, request: &str) -> Option<String> {
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let reading = async {
        loop {
            answer.push(stream.read_u8().await.ok()?);
            if answer.ends_with(b"\r\n\r\n") {
                break;
            }
        }
        let head = String::from_utf8_lossy(&answer).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse::<usize>().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0).min(65_536)];
        stream.read_exact(&mut body).await.ok()?;
        head.split(' ').nth(1).map(str::to_owned)
    };
    timeout(Duration::from_secs(20), reading).await.ok()?
}

/// A request inside a request, by framing that two servers may read in two ways. None may be answered twice, unless the
/// first reading is the only right one.
pub(super) async fn smuggle(server: &Server) -> Value {
    let inner = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let length = inner.len();
    let post = |headers: &str, body: &str| format!("POST /scan HTTP/1.1\r\nhost: x\r\n{headers}\r\n{body}");
    let chunked = format!("0\r\n\r\n{inner}");
    let cases = [
        (
            "both lengths",
            post(
                &format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
                &chunked,
            ),
        ),
        (
            "two lengths",
            post(
                &format!("content-length: 0\r\ncontent-length: {length}\r\n"),
                inner,
            ),
        ),
        (
            "a list of lengths",
            post(&format!("content-length: 0, {length}\r\n"), inner),
        ),
        ("a signed length", post("content-length: +0\r\n", inner)),
        ("a negative length", post("content-length: -1\r\n", inner)),
        ("a hex length", post("content-length: 0x0\r\n", inner)),
        (
            "an encoding with a tab",
            post("transfer-encoding:\tchunked\r\ncontent-length: 4\r\n", &chunked),
        ),
        (
            "a space before the colon",
            post(&format!("content-length : {length}\r\n"), inner),
        ),
        (
            "an unknown encoding",
            post("transfer-encoding: xchunked\r\n", &chunked),
        ),
        (
            "two encodings",
            post("transfer-encoding: chunked, identity\r\n", &chunked),
        ),
        (
            "a folded line",
            post("x: y\r\n transfer-encoding: chunked\r\n", &chunked),
        ),
        (
            "a chunk with a minus",
            post("transfer-encoding: chunked\r\n", &format!("-1\r\n{inner}")),
        ),
        (
            "a chunk that is too long for any number",
            post(
                "transfer-encoding: chunked\r\n",
                &format!("fffffffffffffffff\r\n{inner}"),
            ),
        ),
        (
            "a bare carriage return",
            format!("POST /scan HTTP/1.1\r\nhost: x\r\nx: y\rcontent-length: {length}\r\n\r\n{inner}"),
        ),
        (
            "a null in a name",
            format!("POST /scan HTTP/1.1\r\nhost: x\r\ncontent-length\0: 0\r\n\r\n{inner}"),
        ),
    ];
    let mut told = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, request) in cases {
        let answer = said(server, request.as_bytes()).await;
        let statuses: Vec<&str> = answer
            .split("HTTP/1.1 ")
            .skip(1)
            .map(|rest| rest.get(..3).unwrap_or("?"))
            .collect();
        if statuses.contains(&"200") {
            wrong.push(format!("{name}: what was smuggled was answered: {statuses:?}"));
        }
        told.insert(name, statuses.join(" "));
    }
    json!({ "tried": told.len(), "answers": told, "wrong": wrong })
}

/// What comes back within a second; a connection that waits for the rest of a request is no answer.
async fn said(server: &Server, request: &[u8]) -> String {
    let mut answer = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(server.address()).await {
        let _refused = stream.write_all(request).await;
        let _open = timeout(Duration::from_secs(1), stream.read_to_end(&mut answer)).await;
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Paths that a router may take for another one. None may open anything to who has shown nothing.
pub(super) async fn path_tricks(server: &Server) -> Value {
    let paths = [
        "//recent",
        "/./recent",
        "/healthz/../recent",
        "/%2e%2e/recent",
        "/%72ecent",
        "/recent/",
        "/RECENT",
        "/recent;x=1",
        "/recent%20",
        "/recent%00",
        "/recent?limit=1#/healthz",
        "/healthz/../transfer/honest",
        "/transfer/honest%00",
        "/transfer/%68onest",
        "/transfer//honest",
        "/transfer/honest/",
        "/transfer/honest/../honest",
        "/transfer/honest/timeline",
        "/transfer/honest/record",
        "/transfer/..%2frecent",
        "/transfer/.%2e/recent",
        "/transfer\\honest",
        "/ws/../recent",
        "/ws/honest/../../recent",
        "/dashboard/../recent",
        "http://x/recent",
        "http://x@y/transfer/honest",
        "/?/recent",
        "/\u{ff0f}recent",
        "/recent?x=%",
    ];
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for path in paths {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = said(server, request.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or("none").to_owned();
        let opens = answer.contains("\"transfers\"") || answer.contains("\"updatedAt\"");
        if opens || status.starts_with('5') {
            wrong.push(format!("{path} was answered by {status}"));
        }
        *answers.entry(status).or_default() += 1;
    }
    json!({ "tried": paths.len(), "answers": answers, "wrong": wrong })
}
