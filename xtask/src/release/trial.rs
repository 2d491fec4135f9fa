//! What a project that stands for a user's is tried on: a server, and a folder outside of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::demo::{self, Running};
use crate::setup::Ready;
use crate::tools::Tools;
use crate::{build, npm, process, serve};

/// The projects, from the repository's root.
const PROJECTS: &str = "xtask/release";

/// A server that runs, and the folders that have never seen the repository.
pub(super) struct Trial {
    pub(super) version: String,
    folder: TempDir,
    projects: PathBuf,
    environment: Vec<(&'static str, String)>,
    _server: Running,
}

impl Trial {
    /// Starts the server as it ships, on a free port.
    pub(super) fn start(ready: &Ready, version: &str) -> Result<Self> {
        build::worker(ready)?;
        npm::build(ready)?;
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let mut environment = vec![
            ("HMAC_SECRET", demo::secret()?),
            ("SUBSCRIBE_HMAC_SECRET", demo::secret()?),
        ];
        let mut node = serve::command(&ready.tools)?;
        node.args(["--port", "0", "--control", "--persist-to"])
            .arg(folder.path().join("state"))
            .envs(environment.clone())
            .envs([("ALLOWED_ORIGINS", ""), ("MAX_WATCHERS", "")]);
        let (server, url) = demo::start(&mut node, "the server", &Arc::new(AtomicBool::new(false)))?;
        environment.push(("TRANSFER_STATUS_URL", url));
        Ok(Self {
            version: version.to_owned(),
            projects: ready.tools.root.join(PROJECTS),
            folder,
            environment,
            _server: server,
        })
    }

    /// A copy of the project `name` where nothing else of the repository is.
    pub(super) fn project(&self, name: &str) -> Result<PathBuf> {
        let to = self.folder.path().join(name);
        copy(&self.projects.join(name), &to)?;
        Ok(to)
    }

    /// What the project knows of the service, for `command`.
    pub(super) fn give(&self, command: &mut Command) {
        command.envs(self.environment.clone());
    }

    /// Runs `command` with what it has to know, and gives what it printed.
    pub(super) fn output(&self, command: &mut Command) -> Result<String> {
        self.give(command);
        process::output(command)
    }

    /// Runs `command`, which scans the code of a payment and follows it, and gives what it printed. The code is made now:
    /// it is valid for a quarter of an hour, and packing takes longer on a busy machine.
    pub(super) fn scan(&self, tools: &Tools, command: &mut Command) -> Result<String> {
        let mut code = Command::new(tools.node()?);
        let code = self.output(code.arg(self.projects.join("code.mjs")))?;
        self.output(command.env("TRANSFER_STATUS_QR", code))
    }
}

/// Copies a folder with all below it.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}
