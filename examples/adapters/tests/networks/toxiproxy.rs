//! [Toxiproxy](https://github.com/Shopify/toxiproxy), the fault proxy that other projects' clients are tested by, between a
//! client and the server: faults that are not of our own making.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::changes::locked;

/// Names the program.
pub(crate) const VARIABLE: &str = "TOXIPROXY";

static RUNNING: Mutex<Option<(Child, SocketAddr)>> = Mutex::new(None);

/// A line through it to `upstream`, which ends with the program.
pub(crate) struct Line {
    name: String,
    address: String,
}

impl Line {
    pub(crate) async fn to(upstream: &str) -> Result<Self> {
        let upstream = upstream.strip_prefix("http://").unwrap_or(upstream);
        let name = format!("line-{:016x}", fastrand::u64(..));
        let made = ask(
            "POST",
            "/proxies",
            &json!({"name": name, "listen": "127.0.0.1:0", "upstream": upstream}),
        )
        .await?;
        let address = made["listen"].as_str().context("no address")?.to_owned();
        Ok(Self { name, address })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A toxic, by its name in Toxiproxy's README, in both directions, or in what the server says alone.
    pub(crate) async fn poison(&self, kind: &str, both_ways: bool, attributes: Value) -> Result<()> {
        let streams: &[&str] = if both_ways {
            &["downstream", "upstream"]
        } else {
            &["downstream"]
        };
        for stream in streams {
            let toxic = json!({
                "name": format!("{kind}-{stream}"), "type": kind, "stream": stream, "attributes": attributes,
            });
            ask("POST", &format!("/proxies/{}/toxics", self.name), &toxic).await?;
        }
        Ok(())
    }

    /// No toxic is left.
    pub(crate) async fn heal(&self) -> Result<()> {
        let path = format!("/proxies/{}/toxics", self.name);
        let toxics = ask("GET", &path, &Value::Null).await?;
        for toxic in toxics.as_array().into_iter().flatten() {
            let name = toxic["name"].as_str().context("a toxic has no name")?;
            ask("DELETE", &format!("{path}/{name}"), &Value::Null).await?;
        }
        Ok(())
    }

    /// Whether it takes connections; those that are open end when it does not.
    pub(crate) async fn takes_connections(&self, does: bool) -> Result<()> {
        let change = json!({"enabled": does});
        ask("POST", &format!("/proxies/{}", self.name), &change).await?;
        Ok(())
    }
}

fn program() -> Option<OsString> {
    std::env::var_os(VARIABLE).filter(|program| !program.is_empty())
}

/// Whether there is one.
pub(crate) fn is_named() -> bool {
    program().is_some()
}

/// The running program, if one is named; it ends with this.
pub(crate) struct Toxiproxy;

/// Starts the program, where one is named, on a port that was free a moment ago.
pub(crate) fn start() -> Result<Toxiproxy> {
    let Some(program) = program() else {
        return Ok(Toxiproxy);
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let child = Command::new(&program)
        .args(["-host", "127.0.0.1", "-seed", "1", "-port"])
        .arg(free.port().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    *locked(&RUNNING) = Some((child, free));
    Ok(Toxiproxy)
}

impl Drop for Toxiproxy {
    fn drop(&mut self) {
        if let Some((mut child, _)) = locked(&RUNNING).take() {
            let _gone = child.kill().and_then(|()| child.wait());
        }
    }
}

/// One request of its API, whose answer is JSON or nothing.
async fn ask(method: &str, path: &str, body: &Value) -> Result<Value> {
    let address = locked(&RUNNING).as_ref().map(|(_, address)| *address);
    let address = address.context("it does not run")?;
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    ensure!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
    // A body in chunks has their lengths around it.
    let (begin, end) = (body.find(['{', '[']), body.rfind(['}', ']']));
    let json = begin.zip(end).and_then(|(begin, end)| body.get(begin..=end));
    json.map_or(Ok(Value::Null), |json| Ok(serde_json::from_str(json)?))
}

/// It listens a moment after its start.
async fn connect(address: SocketAddr) -> Result<TcpStream> {
    for _ in 0..200 {
        if let Ok(stream) = TcpStream::connect(address).await {
            return Ok(stream);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("toxiproxy does not listen")
}
