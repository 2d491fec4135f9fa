//! Centrifugo on this machine, and the messages that it takes and sends: <https://centrifugal.dev/docs/transports/client_protocol>.
//!
//! A transfer is a channel. It keeps the last publication of each for those who come later, in memory: nothing of it
//! is there after a restart. Publications of a channel are in order, by an offset.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use transfer_status_e2e::unix_seconds;

use crate::service::{Language, Service};

/// The variable that names its program; `cargo xtask bench server --centrifugo` sets it.
const PROGRAM: &str = "CENTRIFUGO";
/// What publishes. It listens on loopback, for as long as the bench runs.
pub(crate) const API_KEY: &str = "bench-api-key-4c1f7a20";
/// A busy machine starts it in some seconds.
const START_WITHIN: Duration = Duration::from_secs(60);

/// Its settings beside address, port and key. Anybody may connect and subscribe: no token is checked. Whoever
/// subscribes is given the last publication. No ping falls into a measurement.
const SETTINGS: [(&str, &str); 9] = [
    ("LOG_LEVEL", "error"),
    ("CLIENT_ALLOW_ANONYMOUS_CONNECT_WITHOUT_TOKEN", "true"),
    ("CLIENT_PING_INTERVAL", "10m"),
    ("CHANNEL_WITHOUT_NAMESPACE_ALLOW_SUBSCRIBE_FOR_CLIENT", "true"),
    ("CHANNEL_WITHOUT_NAMESPACE_ALLOW_SUBSCRIBE_FOR_ANONYMOUS", "true"),
    ("CHANNEL_WITHOUT_NAMESPACE_HISTORY_SIZE", "1"),
    ("CHANNEL_WITHOUT_NAMESPACE_HISTORY_TTL", "1h"),
    ("CHANNEL_WITHOUT_NAMESPACE_FORCE_RECOVERY", "true"),
    ("CHANNEL_WITHOUT_NAMESPACE_FORCE_RECOVERY_MODE", "cache"),
];

/// Its process, which ends with this value.
pub(crate) struct Centrifugo {
    process: Child,
    address: SocketAddr,
}

impl Centrifugo {
    /// Starts it on a free port of 127.0.0.1 and waits until it listens.
    pub(crate) fn start() -> Self {
        let program = std::env::var_os(PROGRAM);
        let program =
            program.unwrap_or_else(|| panic!("{PROGRAM} does not name Centrifugo's program: start this by `cargo xtask bench server --centrifugo`"));
        // Free until somebody else takes it in the next moment, which ends the bench and is nobody's loss.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = free.expect("a port is free");
        let mut command = Command::new(program);
        for (name, value) in SETTINGS {
            command.env(format!("CENTRIFUGO_{name}"), value);
        }
        let process = command
            .env("CENTRIFUGO_HTTP_SERVER_ADDRESS", address.ip().to_string())
            .env("CENTRIFUGO_HTTP_SERVER_PORT", address.port().to_string())
            .env("CENTRIFUGO_HTTP_API_KEY", API_KEY)
            // It would read a `config.json` beside it.
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("Centrifugo's program can be started");
        let service = Self { process, address };
        let deadline = Instant::now() + START_WITHIN;
        while TcpStream::connect(address).is_err() {
            assert!(
                Instant::now() < deadline,
                "Centrifugo does not listen on {address}"
            );
            thread::sleep(Duration::from_millis(20));
        }
        service
    }
}

impl Service for Centrifugo {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }

    fn unix_seconds(&self) -> u64 {
        unix_seconds()
    }

    fn language(&self) -> Language {
        Language::Centrifugo
    }
}

impl Drop for Centrifugo {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What `POST /api/publish` takes; `update` is the body of an update, an object.
pub(crate) fn publication(channel: &str, update: &str) -> String {
    format!(r#"{{"channel":"{channel}","data":{update}}}"#)
}

/// Whether this answers a publication that was made; a refusal has the status 200 too.
pub(crate) fn is_published(answer: &[u8]) -> bool {
    answer.starts_with(br#"{"result":"#)
}

/// The first that a watcher says, both commands in one frame; each is answered.
pub(crate) fn greeting(channel: &str) -> String {
    let connect = json!({ "id": 1, "connect": {} });
    let subscribe = json!({ "id": 2, "subscribe": { "channel": channel, "recover": true } });
    format!("{connect}\n{subscribe}")
}

/// Its ping, and the answer to it.
pub(crate) const PING: &str = "{}";

/// The place of a publication in its channel, from 1 on; `None` of what is no publication.
pub(crate) fn offset(message: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Message {
        push: Push,
    }
    #[derive(Deserialize)]
    struct Push {
        #[serde(rename = "pub")]
        publication: Publication,
    }
    #[derive(Deserialize)]
    struct Publication {
        offset: u64,
    }
    let message: Message = serde_json::from_str(message).ok()?;
    Some(message.push.publication.offset)
}
