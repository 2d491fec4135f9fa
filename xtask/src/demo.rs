//! `cargo xtask demo`: one payment from end to end, on a server of its own.
//!
//! The story is told by the program `demo` of `examples`; here is what it needs around it: a server on a free port,
//! with fresh secrets and a temporary folder, and an end to all of it whichever way the demo ends. With `--open` a
//! person moves the payment instead.

mod open;

use std::collections::BTreeMap;
use std::env::consts::EXE_SUFFIX;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::kotlin::Kotlin;
use crate::progress::Progress;
use crate::tools::Tools;
use crate::{build, chromium, npm, process, serve, setup, swift_package};

/// The package that tells the story.
const EXAMPLES: &str = "transfer-status-examples";
/// How long a program may take to answer for the first time.
const START: Duration = Duration::from_secs(20);
/// How long the story may take; each of its steps has a shorter time of its own.
const STORY: Duration = Duration::from_secs(60);
/// How long a process may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How often to look at what runs.
const LOOK: Duration = Duration::from_millis(20);
/// What a shell gives to a program that a signal has ended.
const INTERRUPTED: i32 = 130;

/// Options of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Serve the shop's page, a phone and a bank to click through in a browser, until Ctrl-C
    #[arg(long)]
    open: bool,
    /// Let the Kotlin and the Swift scanner be the phones
    #[arg(long, conflicts_with = "open")]
    phones: bool,
    /// Which of the example's shops creates the transfer request
    #[arg(long, default_value = "rust")]
    backend: Backend,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Backend {
    /// examples/src/merchant
    Rust,
    /// examples/backends/node
    Node,
}

/// Builds if needed and tells the story, or lets a person tell it; ends with its exit code.
pub(crate) fn run(args: &Args) -> Result<()> {
    let progress = Progress::new();
    let is_first = is_first(&Tools::load()?);
    if is_first {
        println!("demo: the first time, all of it is compiled: some minutes, seconds after that");
    }
    let ready = progress.stage("tools", setup::ensure)?;
    // The last minute of the server's build is the linker's, which takes one core.
    let (server, programs) = thread::scope(|scope| {
        let server = scope.spawn(|| progress.stage("the server, optimised", || build::worker(&ready)));
        let programs = progress.stage("shop, bank and phone", || build_examples(&ready.tools));
        (server.join(), programs)
    });
    server.map_err(|_| anyhow!("the build of the server has panicked"))??;
    let programs = programs?;
    let phones = args.phones.then(|| phones(&ready.tools)).transpose()?;
    // Phones read a picture of the page.
    let needs_pages = args.open || args.phones;
    let pages = needs_pages.then(|| npm::build_checkout(&ready)).transpose()?;
    let camera = args.phones.then(|| camera(&ready.tools)).transpose()?;
    let shop = match args.backend {
        Backend::Rust => vec![programs.join(format!("merchant{EXE_SUFFIX}"))],
        Backend::Node => vec![ready.tools.node()?, npm::build_node_shop(&ready)?],
    };

    let asked_to_stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&asked_to_stop))?;
    }
    let state = tempfile::tempdir().context("cannot make a temporary folder")?;
    let secrets = [
        ("HMAC_SECRET", secret()?),
        ("SUBSCRIBE_HMAC_SECRET", secret()?),
        ("ADMIN_TOKEN", secret()?),
    ];

    let mut node = serve::command(&ready.tools)?;
    node.args(["--port", "0", "--control", "--persist-to"])
        .arg(state.path())
        .envs(secrets.clone());
    // Limits that the user may have set for another server.
    node.envs([("ALLOWED_ORIGINS", ""), ("MAX_WATCHERS", "")]);
    let (mut server, url) = start(&mut node, "the server", &asked_to_stop)?;
    println!("server        the Worker runs on local workerd, {url}");

    let ended = match &pages {
        Some(pages) if args.open => {
            let mut words = shop.iter();
            let mut shop = Command::new(words.next().context("the shop has no program")?);
            shop.args(words);
            shop.envs(secrets).env("TRANSFER_STATUS_URL", url);
            // Asked to stop is how it ends well.
            open::run(&mut shop, pages, &mut server, &asked_to_stop).map(|()| Some(ExitStatus::default()))
        }
        _ => {
            let mut story = Command::new(programs.join(format!("demo{EXE_SUFFIX}")));
            story.envs(secrets).env("TRANSFER_STATUS_URL", url);
            story.env("TRANSFER_STATUS_SHOP", serde_json::to_string(&shop)?);
            story.envs(phones.map(|phones| ("TRANSFER_STATUS_PHONES", phones)));
            if let Some(camera) = camera {
                story.env("TRANSFER_STATUS_CAMERA", serde_json::to_string(&camera.words)?);
                story.env(chromium::VARIABLE, camera.browser);
            }
            // For the shop, which the story starts.
            story.env("CHECKOUT_DIR", pages.unwrap_or_default());
            tell(&mut story, &mut server, &asked_to_stop)
        }
    };
    drop((server, state));

    match ended? {
        Some(status) if status.success() => {
            if is_first && !args.open {
                println!(
                    "demo: {:.0} s with all that was compiled; the next one takes seconds",
                    progress.seconds()
                );
            }
            Ok(())
        }
        // The story has said what is wrong.
        Some(status) => std::process::exit(status.code().unwrap_or(INTERRUPTED)),
        None => std::process::exit(INTERRUPTED),
    }
}

/// Whether the server was never built here.
fn is_first(tools: &Tools) -> bool {
    !tools.root.join("server-worker/build/index.js").exists()
}

/// Builds the scanners that can be built here: a JSON object, name to command line.
fn phones(tools: &Tools) -> Result<String> {
    let mut phones = BTreeMap::new();
    if let Some(kotlin) = Kotlin::ensure(tools)? {
        phones.insert(
            "Kotlin",
            kotlin.build(tools, "transfer-status-scanner", "scanner")?,
        );
    }
    if let Some(swift) = swift_package::scanner(tools)? {
        phones.insert("Swift", swift);
    }
    if phones.is_empty() {
        bail!("no phone can be built here");
    }
    Ok(serde_json::to_string(&phones)?)
}

/// What takes a picture of the checkout page.
struct Camera {
    /// The command line.
    words: Vec<PathBuf>,
    /// The browser's program, for [`chromium::VARIABLE`].
    browser: PathBuf,
}

fn camera(tools: &Tools) -> Result<Camera> {
    let browser = setup::ensure_browser(tools)?;
    let photograph = tools.root.join(npm::BROWSER_TESTS).join("photograph.ts");
    Ok(Camera {
        words: vec![tools.node()?, photograph],
        browser,
    })
}

/// Lets the program tell its story to the end.
fn tell(story: &mut Command, server: &mut Running, asked_to_stop: &AtomicBool) -> Result<Option<ExitStatus>> {
    let program = PathBuf::from(story.get_program());
    let child = story
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    Running(child).wait(server, asked_to_stop)
}

/// Builds the programs of the examples and returns their folder.
fn build_examples(tools: &Tools) -> Result<PathBuf> {
    let message_format = "--message-format=json-render-diagnostics";
    let args = [
        "build",
        "--quiet",
        "--package",
        EXAMPLES,
        "--bins",
        message_format,
    ];
    let demo = process::executable(&mut process::command(&tools.root, "cargo", args), "demo")?;
    let folder = demo.parent().context("the demo's program has no folder")?;
    Ok(folder.to_owned())
}

/// Starts `command`, called `name` in errors, and waits for its address.
///
/// # Errors
/// When it cannot be started, or does not answer in time.
pub(crate) fn start(
    command: &mut Command,
    name: &str,
    asked_to_stop: &AtomicBool,
) -> Result<(Running, String)> {
    // The end of its stdin stops the server, even when this process is killed.
    let mut started = Running(
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?,
    );
    let output = started
        .0
        .stdout
        .take()
        .with_context(|| format!("{name} has no output"))?;
    let (tell, lines) = mpsc::channel();
    // Reads on to the end, so that the program never waits for a full pipe.
    thread::spawn(move || {
        BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .for_each(|line| drop(tell.send(line)))
    });
    let deadline = Instant::now() + START;
    loop {
        match lines.recv_timeout(LOOK) {
            Ok(line) => {
                if let Some(url) = line.strip_prefix("listening on ") {
                    return Ok((started, url.to_owned()));
                }
            }
            Err(RecvTimeoutError::Disconnected) => bail!("{name} ended before it answered"),
            Err(RecvTimeoutError::Timeout) if asked_to_stop.load(Ordering::Relaxed) => bail!("stopped"),
            Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                bail!("{name} did not answer within {} s", START.as_secs())
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// 128 random bits, in hex.
///
/// # Errors
/// When the system gives no random bytes.
pub(crate) fn secret() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A process that does not outlive this value.
pub(crate) struct Running(Child);

impl Running {
    /// Waits for the end; `None` when it was asked for by a signal.
    fn wait(&mut self, server: &mut Self, asked_to_stop: &AtomicBool) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + STORY;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(Some(status));
            }
            if asked_to_stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if let Some(status) = server.0.try_wait()? {
                bail!("the server ended in the middle of the demo ({status})");
            }
            if Instant::now() > deadline {
                bail!("the demo did not end within {} s", STORY.as_secs());
            }
            thread::sleep(LOOK);
        }
    }

    fn ends_by(&mut self, deadline: Instant) -> bool {
        while let Ok(None) = self.0.try_wait() {
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(LOOK);
        }
        true
    }
}

impl Drop for Running {
    /// Asks first, so that the process can end what it has started itself.
    fn drop(&mut self) {
        if let Ok(Some(_)) = self.0.try_wait() {
            return;
        }
        drop(self.0.stdin.take());
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        if !self.ends_by(Instant::now() + GRACE) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
