//! The real server on local workerd, one for all stories, and the backend that reports to it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::{Context, Result};
use transfer_status::{Key, Minter, Publisher, RetryPolicy, Status, TransferId, Update};

const HMAC_SECRET: &str = "update-key-of-broken-networks-5b1d7a";
const SUBSCRIBE_HMAC_SECRET: &str = "subscribe-key-of-broken-networks-91";
const LISTENING: &str = "listening on http://";

static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();

/// The running server; its state goes with it.
pub(crate) struct Server {
    child: Child,
    folder: std::path::PathBuf,
}

/// Starts it on a free port of 127.0.0.1.
///
/// # Errors
/// When it does not start; what it said is in the error.
pub(crate) fn start() -> Result<Server> {
    let folder = env::temp_dir().join(format!("transfer-status-networks-{}", std::process::id()));
    let mut command = match env::var_os("TRANSFER_STATUS_XTASK") {
        Some(program) => Command::new(program),
        None => {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["run", "--quiet", "--package", "xtask", "--"]);
            cargo
        }
    };
    let mut child = command
        .args(["serve", "--port", "0", "--control", "--persist-to"])
        .arg(&folder)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .env("HMAC_SECRET", HMAC_SECRET)
        .env("SUBSCRIBE_HMAC_SECRET", SUBSCRIBE_HMAC_SECRET)
        .env("ALLOWED_ORIGINS", "")
        .env("MAX_WATCHERS", "")
        // The end of its stdin stops it, also where this process is killed.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("the server cannot be started")?;
    let mut errors = child.stderr.take().context("no stderr")?;
    let errors = thread::spawn(move || {
        let mut said = String::new();
        let _cut = errors.read_to_string(&mut said);
        said
    });
    let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
    let address = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix(LISTENING)?.parse().ok());
    let Some(address) = address else {
        let said = errors.join().unwrap_or_default();
        anyhow::bail!("the server does not listen; run `cargo xtask setup`. It said: {said}");
    };
    // Read to the end, so that the server never waits for somebody to read.
    thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    let _first = ADDRESS.set(address);
    Ok(Server { child, folder })
}

impl Drop for Server {
    /// The end of its stdin stops it.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
        let _left = fs::remove_dir_all(&self.folder);
    }
}

/// Where the server listens.
///
/// # Errors
/// Before [`start`].
pub(crate) fn address() -> Result<SocketAddr> {
    ADDRESS.get().copied().context("no server has been started")
}

/// The backend of one payment, on a network that works.
pub(crate) struct Backend {
    pub(crate) id: TransferId,
    publisher: Publisher,
}

impl Backend {
    pub(crate) fn new() -> Result<Self> {
        let url = format!("http://{}", address()?);
        // The machine may be busy with the other stories.
        let retry = RetryPolicy::default().with_deadline(Duration::from_secs(60));
        let publisher = Publisher::builder(url, Key::new(HMAC_SECRET)?)
            .retry(retry)
            .build()?;
        Ok(Self {
            id: format!("order-{:08x}", fastrand::u32(..)).parse()?,
            publisher,
        })
    }

    /// Reports a status and gives the version that it has become.
    pub(crate) async fn report(&self, status: Status, message: &str) -> Result<u64> {
        let update = Update::new(self.id.clone(), status).with_message(message);
        let transfer = self.publisher.publish(&update).await?;
        transfer.version.context("the server counts versions")
    }

    /// The right to watch it.
    pub(crate) fn signature(&self) -> Result<String> {
        let minter = Minter::new(Key::new(SUBSCRIBE_HMAC_SECRET)?);
        let request = minter.mint_until(self.id.clone(), "merchant-7", 4_000_000_000)?;
        Ok(request.signature.expose().to_owned())
    }
}
