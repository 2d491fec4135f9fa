//! What a server needs from the machine: the built Worker, Node.js, and a folder of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The build of the release before this one.
pub(crate) fn release_before() -> PathBuf {
    root().join("server-worker/golden/1.0/build")
}

/// `node serve.mjs --config …`, on a Worker that is built from the sources as they are.
///
/// # Panics
/// When a tool or the Worker is missing.
pub(crate) fn serve_command() -> Command {
    let (mut command, tools) = node();
    command
        .arg(tools.join("serve.mjs"))
        .arg("--config")
        .arg(root().join("server-worker/wrangler.jsonc"));
    command
}

/// A tool of the operator, `server-worker/tools/NAME.mjs`, in the shell that DEPLOY.md has them open.
///
/// # Panics
/// When a tool is missing.
pub fn operators_tool(name: &str) -> Command {
    let (mut command, tools) = node();
    let bin = tools.join("node_modules/.bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&path)));
    command
        .arg(root().join(format!("server-worker/tools/{name}.mjs")))
        .current_dir(root().join("server-worker"))
        .env("PATH", path.expect("a path of paths"))
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false");
    command
}

/// `wrangler`, on a Worker that is built from the sources as they are.
///
/// # Panics
/// When a tool or the Worker is missing.
pub(crate) fn wrangler_command() -> Command {
    let (mut command, tools) = node();
    command.arg(tools.join("node_modules/wrangler/bin/wrangler.js"));
    command
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_HIDE_BANNER", "true")
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false");
    command
}

/// Node.js, and the folder of the pinned tools, once the Worker is built.
fn node() -> (Command, PathBuf) {
    static READY: OnceLock<()> = OnceLock::new();
    READY.get_or_init(build_worker);

    let tools = root().join("xtask/tools");
    assert!(
        tools.join("node_modules/miniflare").exists(),
        "the pinned tools are missing; run `cargo xtask setup`"
    );
    let worker = root().join("server-worker/build/index.js");
    assert!(
        worker.exists(),
        "the Worker is not built; run `cargo xtask build worker`"
    );
    let pinned = tools.join("node_modules/.bin/node");
    let command = match pinned.exists() {
        true => Command::new(pinned),
        false => Command::new("node"),
    };
    (command, tools)
}

/// Builds the Worker if it is not up to date, unless `cargo xtask test` has just done so.
fn build_worker() {
    if std::env::var_os("TRANSFER_STATUS_XTASK").is_some() {
        return;
    }
    let mut build = Command::new(env!("CARGO"));
    build
        .args(["run", "--quiet", "--package", "xtask", "--", "build", "worker"])
        .current_dir(root());
    let output = build.output().expect("cargo can be started");
    assert!(
        output.status.success(),
        "`cargo xtask build worker` failed; is the machine set up by `cargo xtask setup`?\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A folder that is removed when it is dropped, or by the next run when this one did not come to that.
pub(crate) struct Folder {
    path: PathBuf,
    /// Held for as long as the folder is in use.
    _lock: File,
}

const LOCK: &str = "lock";

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let all = std::env::temp_dir().join("transfer-status-e2e");
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        if next == 0 {
            sweep(&all);
        }
        let path = all.join(format!("{}-{next}", std::process::id()));
        fs::create_dir_all(&path).expect("the folder for temporary files can be written");
        let lock = File::create(path.join(LOCK)).expect("a new folder can be written");
        lock.lock().expect("a new file can be locked");
        Self { path, _lock: lock }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes what runs that are over have left.
fn sweep(all: &Path) {
    let ours = format!("{}-", std::process::id());
    for folder in fs::read_dir(all).into_iter().flatten().flatten() {
        // One that another thread has just made may not be locked yet.
        if folder.file_name().to_string_lossy().starts_with(&ours) {
            continue;
        }
        let lock = File::open(folder.path().join(LOCK));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}
