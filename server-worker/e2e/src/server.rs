//! The real server on local workerd, and the trouble that a platform makes for it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use transfer_status::TransferId;

use crate::options::{Options, Setting, settings};
use crate::releases::Release;
use crate::workplace::{self, Folder};

/// A busy machine starts a server in some seconds.
const START_WITHIN: Duration = Duration::from_secs(60);
/// What a command is about has nothing to do with how soon the runtime is told of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// What an eviction does to the sockets of the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sockets {
    /// They stay open and sleep, as the platform does when nothing happens.
    Hibernate,
    /// They break, as with a deploy.
    Close,
}

fn is_about(answer: &Value, words: &str) -> bool {
    answer["error"]
        .as_str()
        .is_some_and(|error| error.contains(words))
}

/// A running server, stopped when it is dropped. Its state is in a folder of its own.
pub struct Server {
    options: Options,
    folder: Folder,
    port: u16,
    running: Mutex<Option<Running>>,
    /// What runs of which release, where [`Server::deploy`] has changed that.
    deployed: Mutex<Option<(Release, Release)>>,
    /// What [`Server::advance`] has let pass, in milliseconds.
    pub(crate) passed: AtomicU64,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1 and waits until it answers.
    ///
    /// # Panics
    /// When it does not start: a tool is missing, most often.
    pub fn start(options: Options) -> Self {
        let folder = Folder::new();
        let (running, port) = Running::start(&options, &folder, 0);
        Self {
            options,
            folder,
            port,
            running: Mutex::new(Some(running)),
            deployed: Mutex::new(None),
            passed: AtomicU64::new(0),
        }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The process id of workerd.
    ///
    /// # Panics
    /// When the server was killed.
    pub fn pid(&self) -> u32 {
        match &*self.running() {
            Some(running) => running.workerd,
            None => panic!("the server was killed"),
        }
    }

    /// The folder that its state is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts the transfer's Durable Object out of memory, unless it is. Its storage stays.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn evict(&self, id: &TransferId, sockets: Sockets) {
        self.evict_object("TransferRoom", id.as_str(), sockets);
    }

    /// Puts one shard of the recent index out of memory, unless it is. Its storage stays.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn evict_shard(&self, shard: u16) {
        self.evict_object("RecentIndex", &format!("recent-{shard}"), Sockets::Hibernate);
    }

    /// Puts any object out of memory, unless it is. Its storage stays.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn evict_object(&self, class: &str, name: &str, sockets: Sockets) {
        let answer = self.ask_to_evict(class, name, sockets);
        let asleep = is_about(&answer, "not currently running");
        assert!(answer["ok"] == true || asleep, "{name} is not evicted: {answer}");
    }

    /// [`Server::evict`] of one that may have something under way; `false` when it had for so long that the runtime gave
    /// it up.
    pub fn try_evict(&self, id: &TransferId, sockets: Sockets) -> bool {
        !is_about(
            &self.ask_to_evict("TransferRoom", id.as_str(), sockets),
            "still has active references",
        )
    }

    fn ask_to_evict(&self, class: &str, name: &str, sockets: Sockets) -> Value {
        let sockets = match sockets {
            Sockets::Hibernate => "hibernate",
            Sockets::Close => "close",
        };
        let evict = json!({"op": "evict", "className": class, "name": name, "webSockets": sockets});
        match &mut *self.running() {
            Some(running) => running.ask(&evict),
            None => panic!("the server was killed"),
        }
    }

    /// All that the Worker has logged since the start, a line each.
    pub fn logs(&self) -> Vec<String> {
        let answer = self.command(&json!({"op": "logs"}));
        let lines = answer["logs"].as_array().into_iter().flatten();
        lines.map(|line| line["message"].to_string()).collect()
    }

    /// How many Durable Objects have ever been woken.
    pub fn rooms(&self) -> usize {
        let folder = self.folder.path().join("state/do/transfer-status-TransferRoom");
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        files
            .map(|file| file.file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".sqlite") && name != "metadata.sqlite")
            .count()
    }

    /// Kills all of it with SIGKILL, workerd first: nothing gets to say good-bye, nothing is flushed.
    ///
    /// # Panics
    /// When something goes on answering.
    pub fn kill(&self) {
        if let Some(running) = self.running().take() {
            let workerd = i32::try_from(running.workerd).ok().and_then(Pid::from_raw);
            // Fails when it has ended already.
            let _ = workerd.map(|workerd| kill_process(workerd, Signal::KILL));
        }
        let deadline = Instant::now() + STOP_WITHIN;
        while TcpStream::connect(self.address()).is_ok() {
            assert!(Instant::now() < deadline, "the killed server still answers");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts it again after [`Server::kill`], on the same folder and port. What [`Server::advance`] has let pass stays
    /// passed; faults are over.
    pub fn restart(&self) {
        self.restart_with(&self.options);
    }

    /// [`Server::restart`] with other options, as a deploy may bring them.
    pub fn restart_with(&self, options: &Options) {
        let mut options = options.clone();
        options.releases = self.deployed().or(options.releases);
        let (running, port) = Running::start(&options, &self.folder, self.port);
        assert_eq!(port, self.port);
        *self.running() = Some(running);
        let passed = self.passed.load(Ordering::SeqCst);
        if passed > 0 {
            self.set_passed(passed);
        }
    }

    fn set_passed(&self, milliseconds: u64) {
        let body = json!({ "passed": milliseconds }).to_string();
        let head = format!(
            "POST /-/instruments HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(self.address()).expect("the server listens");
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn command(&self, command: &Value) -> Value {
        match &mut *self.running() {
            Some(running) => running.command(command),
            None => panic!("the server was killed"),
        }
    }

    pub(crate) fn note_deployed(&self, worker: Release, objects: Release) {
        *self.deployed() = Some((worker, objects));
    }

    fn deployed(&self) -> MutexGuard<'_, Option<(Release, Release)>> {
        self.deployed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running().take() {
            running.stop();
        }
    }
}

/// The process. Dropping it kills it, and workerd with it.
struct Running {
    child: Child,
    workerd: u32,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    said: Arc<Mutex<String>>,
}

impl Running {
    fn start(options: &Options, folder: &Folder, port: u16) -> (Self, u16) {
        let mut command = workplace::serve_command();
        // Nothing of the caller's environment may reach the Worker but what is named here.
        for Setting { name } in settings() {
            command.env_remove(name);
        }
        for (name, value) in &options.variables {
            command.env(name, value);
        }
        command.args(options.arguments());
        let mut child = command
            .args(["--control", "--port", &port.to_string(), "--persist-to"])
            .arg(folder.path().join("state"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Node.js is missing; run `cargo xtask setup`");
        let said = Arc::new(Mutex::new(String::new()));
        let (lines, stdout) = mpsc::channel();
        listen(child.stdout.take(), &said, Some(lines));
        listen(child.stderr.take(), &said, None);
        let stdin = child.stdin.take();
        let mut running = Self {
            child,
            workerd: 0,
            stdin,
            stdout,
            said,
        };
        let pid = running.line("server pid ", START_WITHIN);
        running.workerd = pid.parse().expect("a process id");
        let url = running.line("listening on ", START_WITHIN);
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        (running, port.expect("the server says its port"))
    }

    /// Waits for a line on stdout that starts with `prefix` and gives the rest of it.
    fn line(&self, prefix: &str, limit: Duration) -> String {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.stdout.recv_timeout(left) {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(prefix) {
                        return rest.to_owned();
                    }
                }
                Err(_) => panic!(
                    "the server did not say {prefix:?}; if something is missing, run `cargo xtask setup`. It said:\n{}",
                    self.said.lock().unwrap_or_else(PoisonError::into_inner)
                ),
            }
        }
    }

    fn command(&mut self, command: &Value) -> Value {
        let answer = self.ask(command);
        assert_eq!(answer["ok"], true, "{command} was answered by {answer}");
        answer
    }

    fn ask(&mut self, command: &Value) -> Value {
        let stdin = self.stdin.as_mut().expect("the server runs");
        writeln!(stdin, "{command}").expect("the server takes commands");
        let answer = format!("{{{}", self.line("{", ANSWER_WITHIN));
        serde_json::from_str(&answer).expect("an answer is JSON")
    }

    /// The end of its stdin stops it.
    fn stop(mut self) {
        self.stdin = None;
        let deadline = Instant::now() + STOP_WITHIN;
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads to the end, so that the server never waits for somebody to read.
fn listen(from: Option<impl Read + Send + 'static>, said: &Arc<Mutex<String>>, to: Option<Sender<String>>) {
    let said = Arc::clone(said);
    let from = from.expect("the stream is a pipe");
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.push_str(&line);
            said.push('\n');
            drop(said);
            if let Some(to) = &to {
                // Nobody listens any more when the server is being stopped.
                let _ = to.send(line);
            }
        }
    });
}
