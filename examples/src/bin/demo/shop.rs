//! The shop's backend as a process of its own, and the page's call to it.

use std::env;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use transfer_status_examples::merchant::Created;

/// Most bytes of an answer that is read.
const MAX_ANSWER: usize = 64 * 1024;

/// The program `merchant`, which is built beside this one.
fn merchant() -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?.with_file_name(format!("merchant{}", env::consts::EXE_SUFFIX));
    ensure!(
        program.is_file(),
        "the program merchant is not beside this one; build it with `cargo build -p transfer-status-examples`"
    );
    Ok(program)
}

/// The running backend. Dropping it ends the process.
pub(crate) struct Shop {
    pub(crate) url: String,
    _process: Child,
}

impl Shop {
    /// Starts the backend that `command` names, or else the program `merchant`, on a free port and waits for its
    /// address. It talks to the service at `service`.
    pub(crate) async fn open(
        command: &[String],
        service: &str,
        subscribe_secret: &str,
        merchant_id: &str,
    ) -> anyhow::Result<Self> {
        let mut process = match command {
            [program, args @ ..] => {
                let mut process = Command::new(program);
                process.args(args);
                process
            }
            [] => Command::new(merchant()?),
        };
        let mut process = process
            .env("TRANSFER_STATUS_URL", service)
            .env("SUBSCRIBE_HMAC_SECRET", subscribe_secret)
            .env("MERCHANT_ID", merchant_id)
            .env("LISTEN", "127.0.0.1:0")
            .env_remove("PAGE_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().context("its output is not there")?;
        let line = BufReader::new(output)
            .lines()
            .next_line()
            .await?
            .context("it ended before it listened")?;
        let url = line
            .strip_prefix("listening on ")
            .context("it did not say where it listens")?;
        Ok(Self {
            url: url.to_owned(),
            _process: process,
        })
    }

    /// What the checkout page does when the customer presses "pay".
    pub(crate) async fn create_transfer_request(&self, amount: &str) -> anyhow::Result<Created> {
        let order = format!(r#"{{"amount":{amount},"currency":"EUR","description":"Two coffees"}}"#);
        let request = Request::post(format!("{}/create-transfer-request", self.url))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(order)))?;
        let answer = Client::builder(TokioExecutor::new())
            .build_http()
            .request(request)
            .await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let body = body
            .map_err(anyhow::Error::from_boxed)
            .context("the answer broke off")?
            .to_bytes();
        ensure!(
            status.is_success(),
            "HTTP {status}: {}",
            String::from_utf8_lossy(&body)
        );
        serde_json::from_slice(&body).context("the answer is not a transfer request")
    }
}
