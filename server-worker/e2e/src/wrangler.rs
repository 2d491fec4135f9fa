//! The Worker under `wrangler dev`, as a developer starts it: with `vars` of any JSON and secrets in `.dev.vars`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use crate::http::{Answer, Headers, request_at};
use crate::workplace::{self, Folder};

/// A busy machine starts it in some seconds.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// A running `wrangler dev`, stopped when it is dropped.
pub struct WranglerDev {
    child: Child,
    url: String,
    _folder: Folder,
}

impl WranglerDev {
    /// Starts it on the configuration of this repository, with these `vars` added.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(vars: &Value, secrets: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let server = workplace::root().join("server-worker");
        let server = server.canonicalize().expect("the sources are here");
        let config = fs::read_to_string(server.join("wrangler.jsonc")).expect("the configuration is here");
        let name = r#""name": "transfer-status","#;
        assert!(config.contains(name), "the configuration names the Worker");
        let config = config
            .replacen(name, &format!(r#"{name} "vars": {vars},"#), 1)
            .replace(r#""main": ""#, &format!(r#""main": "{}/"#, server.display()))
            .replace(
                r#""directory": ""#,
                &format!(r#""directory": "{}/"#, server.display()),
            );
        let config_file = folder.path().join("wrangler.jsonc");
        fs::write(&config_file, config).expect("the folder can be written");
        let secrets: String = secrets
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect();
        fs::write(folder.path().join(".dev.vars"), secrets).expect("the folder can be written");

        let mut child = workplace::wrangler_command()
            .args([
                "dev",
                "--local",
                "--ip",
                "127.0.0.1",
                "--port",
                "0",
                "--inspector-port",
                "0",
            ])
            .arg("--show-interactive-dev-session=false")
            .arg("--config")
            .arg(&config_file)
            .arg("--persist-to")
            .arg(folder.path().join("state"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // wrangler starts processes of its own, which are stopped with it.
            .process_group(0)
            .spawn()
            .expect("Node.js is missing; run `cargo xtask setup`");
        let stdout = child.stdout.take().expect("the stream is a pipe");
        let (say, said) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("Ready on ") {
                    // Nobody listens any more once it was said.
                    let _ = say.send(url.trim().to_owned());
                }
            }
        });
        let mut started = Self {
            child,
            url: String::new(),
            _folder: folder,
        };
        started.url = said
            .recv_timeout(READY_WITHIN)
            .expect("wrangler dev says where it is ready");
        started
    }

    /// Sends any request.
    ///
    /// # Panics
    /// When no whole answer comes soon.
    pub async fn request(&self, method: &str, path: &str, headers: Headers<'_>, body: String) -> Answer {
        request_at(&self.url, method, path, headers, body).await
    }
}

impl Drop for WranglerDev {
    fn drop(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // Fails when it has ended already.
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        let _ = self.child.wait();
    }
}
