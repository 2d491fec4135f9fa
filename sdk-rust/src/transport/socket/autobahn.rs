//! The cases of Autobahn|Testsuite against the socket as a watch has it: its stream, its buffers, its limits.
//!
//! [kosoku](https://github.com/curioswitch/kosoku) serves them; `KOSOKU` names the program, as `cargo xtask test` does, and
//! without it nothing is served. Left out are messages over 64 KiB, which a watch refuses, and compression, which it does
//! not offer.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::*;

/// Every case but those of section 9 with longer messages, 12 and 13.
const CASES: [&str; 11] = [
    "1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.1.1", "9.2.1", "9.7.*", "10.*",
];
/// A suite that has become empty would hold of any client.
const AT_LEAST: usize = 240;
/// Longer than any case takes; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A socket whose handshake is done by hand: the suite knows nothing of our subprotocol, which a dial insists on.
async fn open(address: SocketAddr, path: &str) -> Socket<TcpStream> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
        generate_key()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Byte by byte: what comes after it is the socket's.
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{path}");
    // A watch says next to nothing, and an echo says all that it hears.
    let config = config().max_write_buffer_size(usize::MAX);
    Socket {
        stream: WebSocketStream::from_raw_socket(Link::new(stream), Role::Client, Some(config)).await,
        unflushed: false,
    }
}

/// Sends back what comes, until the link ends.
async fn echo(mut socket: Socket<TcpStream>) {
    while let Some(Ok(message)) = socket.stream.next().await {
        if (message.is_text() || message.is_binary()) && socket.stream.send(message).await.is_err() {
            break;
        }
    }
}

/// The suite, which ends by itself after its last case; its address.
async fn suite(program: &str, reports: &std::path::Path) -> (Child, SocketAddr) {
    let mut command = Command::new(program);
    // The system chooses a port.
    command.args(["--mode", "fuzzingserver", "127.0.0.1:0", "--outdir"]);
    command.arg(reports);
    for case in CASES {
        command.args(["--include", case]);
    }
    command
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let told = child.stderr.as_mut().unwrap();
    BufReader::new(told).read_line(&mut line).await.unwrap();
    let (_, address) = line.trim().rsplit_once("ws://").unwrap();
    (child, address.parse().unwrap())
}

#[tokio::test]
async fn the_socket_holds_the_cases_of_autobahn() {
    let Ok(program) = std::env::var("KOSOKU") else {
        println!("KOSOKU names no program: no case is run");
        return;
    };
    let reports = std::env::temp_dir().join(format!("transfer-status-autobahn-{}", std::process::id()));
    let (child, address) = suite(&program, &reports).await;
    let mut asked = open(address, "/getCaseCount").await;
    let SocketEvent::Text(count) = asked.next().await else {
        panic!("no number of cases")
    };
    let count: usize = count.parse().unwrap();
    assert!(count >= AT_LEAST, "{count} cases");
    for case in 1..=count {
        let socket = open(address, &format!("/runCase?case={case}&agent=transfer-status")).await;
        let ended = timeout(PATIENCE, echo(socket)).await;
        assert!(ended.is_ok(), "case {case} of {count} goes on for ever");
    }
    let _gone = open(address, "/updateReports?agent=transfer-status")
        .await
        .next()
        .await;
    let ended = timeout(PATIENCE, child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let told = [ended.stdout, ended.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(ended.status.success(), "{told}");
    assert!(told.contains(&format!("{count} cases passed")), "{told}");
    std::fs::remove_dir_all(reports).unwrap();
}
