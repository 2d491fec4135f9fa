//! One running adapter: commands into its stdin, its events to the watches that they belong to.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::changes::{Changes, locked};
use crate::secrets::Secrets;

/// Name a file of certificates that are trusted: to OpenSSL and rustls, and to Node.js.
const ROOTS_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];
/// A browser on a busy machine takes its time.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a program may take to end before it is killed.
const END_LIMIT: Duration = Duration::from_secs(20);
static ENDING: LazyLock<Mutex<JoinSet<()>>> = LazyLock::new(Mutex::default);
/// Begun together, programs only hold each other up.
static STARTS: Semaphore = Semaphore::const_new(2);

/// A file of certificates that the programs are to trust, in PEM, where there is one.
static ROOTS: OnceLock<PathBuf> = OnceLock::new();

/// Has every program that is started from now on trust the certificates in `file`, by the way that its platform has for it.
#[allow(dead_code, reason = "only the stories of broken networks have certificates")]
pub(crate) fn trust(file: PathBuf) {
    let _first = ROOTS.set(file);
}

/// A process, which ends with the last handle on it.
pub(crate) struct Adapter {
    /// There until the end, as the next one.
    child: Option<Child>,
    commands: Option<mpsc::UnboundedSender<Value>>,
    can: Vec<String>,
    heard: Arc<Heard>,
    names: AtomicU64,
}

struct Heard {
    watches: Mutex<HashMap<String, Listener>>,
    /// Answers to `qr-read` and `qr-write`, by their id.
    answers: Mutex<HashMap<u64, Value>>,
    /// For those who wait for what belongs to no watch.
    changes: Changes,
    secrets: Secrets,
    faults: Mutex<Vec<String>>,
}

/// Who gets the events of one watch.
#[derive(Clone)]
pub(crate) struct Listener {
    pub(crate) told: Arc<Mutex<Vec<Told>>>,
    pub(crate) changes: Changes,
}

/// One event, and when it came.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) at: Instant,
    pub(crate) event: Value,
}

impl Adapter {
    /// Starts `command_line` and waits until it is ready.
    pub(crate) async fn start(command_line: &[String], flags: &[&str]) -> Result<Arc<Self>> {
        let _turn = STARTS.acquire().await?;
        let [program, arguments @ ..] = command_line else {
            bail!("a command line has no words");
        };
        let mut child = Command::new(program)
            .args(arguments)
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .envs(
                ROOTS_VARIABLES
                    .iter()
                    .filter_map(|name| Some((name, ROOTS.get()?))),
            )
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let mut events = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let log = BufReader::new(child.stderr.take().context("no stderr")?).lines();
        let stdin = child.stdin.take().context("no stdin")?;

        let heard = Arc::new(Heard {
            watches: Mutex::default(),
            answers: Mutex::default(),
            changes: Changes::new(),
            secrets: Secrets::default(),
            faults: Mutex::default(),
        });
        // Read from the start: a full pipe would hold the program up.
        tokio::spawn(read_log(log, Arc::clone(&heard)));
        let ready = match timeout(START_LIMIT, events.next_line()).await {
            Err(_) => bail!("{program} is not ready within {} s", START_LIMIT.as_secs()),
            Ok(line) => line?.with_context(|| format!("{program} has ended with no event"))?,
        };
        let ready: Value = serde_json::from_str(&ready).context("the first line is no JSON")?;
        if ready["event"] != "ready" {
            bail!("the first event is {ready}, and not \"ready\"");
        }
        let words = ready["can"].as_array().cloned().unwrap_or_default();
        let (commands, taken) = mpsc::unbounded_channel();
        tokio::spawn(write_commands(stdin, taken));
        tokio::spawn(read_events(events, Arc::clone(&heard)));
        Ok(Arc::new(Self {
            child: Some(child),
            commands: Some(commands),
            can: words
                .iter()
                .filter_map(|word| word.as_str().map(str::to_owned))
                .collect(),
            heard,
            names: AtomicU64::new(0),
        }))
    }

    pub(crate) fn can(&self, what: &str) -> bool {
        self.can.iter().any(|word| word == what)
    }

    pub(crate) fn send(&self, command: Value) {
        let _ended = self.commands.as_ref().map(|commands| commands.send(command));
    }

    /// A name that no other watch of the process has, and what will be told under it.
    pub(crate) fn listen(&self, changes: Changes) -> (String, Listener) {
        let name = format!("w{}", self.names.fetch_add(1, Ordering::Relaxed));
        let listener = Listener {
            told: Arc::default(),
            changes,
        };
        locked(&self.heard.watches).insert(name.clone(), listener.clone());
        (name, listener)
    }

    /// From now on `signature` must be in no line of the log and in no event.
    pub(crate) fn keep_secret(&self, signature: &str) {
        self.heard.secrets.add(signature);
    }

    /// The answer to a command about a QR payload.
    pub(crate) async fn qr(&self, mut command: Value) -> Result<Value> {
        let id = self.names.fetch_add(1, Ordering::Relaxed);
        command["id"] = json!(id);
        self.send(command);
        let answer = || locked(&self.heard.answers).remove(&id);
        self.heard
            .changes
            .until(Duration::from_secs(20), "the answer about a QR payload", answer)
            .await
    }

    /// What went wrong in the process beside any story: faults, and secrets where none may be.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut all = locked(&self.heard.faults).clone();
        all.extend(self.heard.secrets.leaks());
        all
    }

    pub(crate) fn process_id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }
}

impl Drop for Adapter {
    /// The end of its stdin is what ends a program: one that drives a browser has something to clear away.
    fn drop(&mut self) {
        self.commands = None;
        if let Some(mut child) = self.child.take() {
            locked(&ENDING).spawn(async move {
                let _late = timeout(END_LIMIT, child.wait()).await;
            });
        }
    }
}

/// Waits for the programs whose last handle is gone.
pub(crate) async fn all_have_ended() {
    let mut ending = std::mem::take(&mut *locked(&ENDING));
    while ending.join_next().await.is_some() {}
}

async fn write_commands(mut stdin: ChildStdin, mut commands: mpsc::UnboundedReceiver<Value>) {
    while let Some(command) = commands.recv().await {
        if stdin.write_all(format!("{command}\n").as_bytes()).await.is_err() {
            break;
        }
    }
}

async fn read_events(mut lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>, heard: Arc<Heard>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let at = Instant::now();
        let Ok(event) = serde_json::from_str::<Value>(&line) else {
            locked(&heard.faults).push(format!("not an event: {line}"));
            continue;
        };
        match event["event"].as_str() {
            // The only event that a signature belongs in.
            Some("qr") => {
                if let Some(id) = event["id"].as_u64() {
                    locked(&heard.answers).insert(id, event);
                    heard.changes.tell();
                }
                continue;
            }
            Some("fault") => locked(&heard.faults).push(event["message"].to_string()),
            _ => {}
        }
        heard.secrets.look_into("an event", &line);
        let listener = event["watch"]
            .as_str()
            .and_then(|name| locked(&heard.watches).get(name).cloned());
        if let Some(listener) = listener {
            locked(&listener.told).push(Told { at, event });
            listener.changes.tell();
        }
    }
}

async fn read_log(mut lines: tokio::io::Lines<BufReader<tokio::process::ChildStderr>>, heard: Arc<Heard>) {
    while let Ok(Some(line)) = lines.next_line().await {
        heard.secrets.look_into("the log", &line);
    }
}
