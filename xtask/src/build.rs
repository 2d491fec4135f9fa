//! `cargo xtask build`: the Worker, the bare session and the npm package, as they ship.
//!
//! Cargo judges what has changed: it builds first, and only a new `.wasm` goes through the slower tools after it.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum;
use sha2::{Digest, Sha256};

use crate::mobile::For;
use crate::setup::{self, Ready};
use crate::tools::Tools;
use crate::wasm_target::TARGET;
use crate::{kotlin, npm, order, process, swift_package, worker};

/// The cargo profile of what a page loads.
const OF_A_PAGE: &str = "wasm";
/// The cargo profile of the server.
const OF_THE_SERVER: &str = "worker";

/// What wasm-opt may emit: what rustc and wasm-bindgen use already, and nothing that workerd may not know yet.
pub(crate) const WASM_FEATURES: [&str; 7] = [
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-reference-types",
    "--enable-exception-handling",
];

/// Options of `cargo xtask build`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to build; all when left out
    artefact: Option<Artefact>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Artefact {
    /// The server, into server-worker/build
    Worker,
    /// The client session as a bare module, into target/session.wasm
    Session,
    /// The npm package, into sdk-wasm/npm/dist
    Npm,
    /// The Kotlin library, the scanner and the adapter, into target/kotlin-release; only when asked for
    Kotlin,
    /// The native half of the Swift package for this machine, and what is generated from it; only when it is named
    Swift,
}

/// Builds what `args` ask for.
pub(crate) fn run(args: &Args) -> Result<()> {
    let ready = setup::ensure()?;
    let wanted = |artefact| args.artefact.is_none_or(|only| only == artefact);
    if wanted(Artefact::Worker) {
        let folder = worker(&ready)?;
        println!("build: the Worker is in {}", folder.display());
    }
    if wanted(Artefact::Session) {
        let file = session(&ready)?;
        println!("build: the session is {}", file.display());
    }
    if wanted(Artefact::Npm) {
        let folder = npm::build(&ready)?;
        println!("build: the npm package is {}", folder.display());
    }
    if args.artefact == Some(Artefact::Kotlin) {
        let folder = kotlin::package(&ready.tools)?;
        println!("build: the Kotlin library is in {}", folder.display());
    }
    if args.artefact == Some(Artefact::Swift) {
        let folder = swift_package::prepare(&ready.tools, For::Tests)?;
        println!(
            "build: the Swift package's native half is in {}",
            folder.display()
        );
    }
    Ok(())
}

/// Builds the Worker and returns the folder with `index.js` and `index_bg.wasm`.
///
/// # Errors
/// When a build step fails.
pub(crate) fn worker(ready: &Ready) -> Result<PathBuf> {
    let tools = &ready.tools;
    let package = tools.root.join("server-worker");
    let folder = package.join("build");
    let _lock = lock(ready)?;

    compile(
        ready,
        &[
            "--package",
            "transfer-status-server",
            "--lib",
            "--profile",
            OF_THE_SERVER,
        ],
    )?;
    let compiled = compiled(ready, OF_THE_SERVER, "transfer_status_server.wasm");
    let entry = package.join("entry.js");
    let globals = package.join("globals.js");
    let stamp = Stamp::new(tools, &[&compiled, &entry, &globals], folder.join(".stamp"))?;
    if stamp.is_current() && folder.join("index.js").exists() {
        return Ok(folder);
    }
    worker::assemble(tools, &compiled, &entry, &globals, &folder)?;
    stamp.write()?;
    Ok(folder)
}

/// Builds the bare session module and returns its path.
///
/// # Errors
/// When a build step fails.
pub(crate) fn session(ready: &Ready) -> Result<PathBuf> {
    let tools = &ready.tools;
    let file = tools.root.join("target/session.wasm");
    let _lock = lock(ready)?;

    compile(
        ready,
        &[
            "--package",
            "transfer-status-session-wasm",
            "--profile",
            OF_A_PAGE,
        ],
    )?;
    let compiled = compiled(ready, OF_A_PAGE, "transfer_status_session_wasm.wasm");
    let stamp = Stamp::new(tools, &[&compiled], file.with_extension("stamp"))?;
    if !(stamp.is_current() && file.exists()) {
        optimize(tools, &compiled, &file)?;
        stamp.write()?;
    }
    Ok(file)
}

/// Builds the page of the browser client's tests and returns its folder.
///
/// # Errors
/// When a build step fails.
pub(crate) fn browser_app(ready: &Ready) -> Result<PathBuf> {
    let folder = ready.tools.root.join("target/browser-app");
    let what = ["--package", "transfer-status-wasm", "--example", "browser"];
    page(ready, &what, "debug/examples/browser.wasm", &folder)?;
    Ok(folder)
}

/// Builds `what` as a module that a page can load, into `folder`: not for release, so that a panic says where.
///
/// # Errors
/// When a build step fails.
pub(crate) fn page(ready: &Ready, what: &[&str], module: &str, folder: &Path) -> Result<()> {
    let Ready { tools, wasm } = ready;
    let _lock = lock(ready)?;
    compile(ready, what)?;
    let mut bindgen = Command::new(tools.cargo_bin("wasm-bindgen-cli")?);
    bindgen
        .args(["--target", "web", "--no-typescript", "--out-dir"])
        .arg(folder)
        .arg(wasm.target_folder(tools).join(TARGET).join(module));
    process::output(&mut bindgen)?;
    Ok(())
}

/// Builds something of the workspace for the wasm target.
///
/// # Errors
/// When cargo fails.
pub(crate) fn compile(ready: &Ready, what: &[&str]) -> Result<()> {
    let Ready { tools, wasm } = ready;
    let mut cargo = wasm.command(tools, "cargo");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", remapped(ready)?);
    cargo
        .args(["build", "--target", TARGET])
        .args(what)
        .current_dir(&tools.root);
    process::run(&mut cargo)
}

/// Sources are named in what ships as they are on every machine: a crate by its name and version, the standard library as
/// its own builders name it, of which half is compiled by them and half here.
fn remapped(ready: &Ready) -> Result<String> {
    let Ready { tools, wasm } = ready;
    let rustc = |argument: &str| {
        process::output(
            wasm.command(tools, "rustc")
                .arg(argument)
                .current_dir(&tools.root),
        )
    };
    let version = rustc("-vV")?;
    let commit = version
        .lines()
        .find_map(|line| line.strip_prefix("commit-hash: "));
    let mut flags = Vec::new();
    let mut remap =
        |from: &Path, to: &str| flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    if let Some(commit) = commit {
        let library = Path::new(&rustc("--print=sysroot")?).join("lib/rustlib/src/rust/library");
        remap(&library, &format!("/rustc/{commit}/library"));
    }
    for registry in fs::read_dir(cargo_home()?.join("registry/src"))
        .into_iter()
        .flatten()
    {
        remap(&registry?.path(), "");
    }
    Ok(flags.join("\u{1f}"))
}

/// Where cargo keeps what it has loaded.
fn cargo_home() -> Result<PathBuf> {
    let named = env::var_os("CARGO_HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from);
    let home = || Some(env::home_dir()?.join(".cargo"));
    named
        .or_else(home)
        .context("CARGO_HOME names no folder, and there is no home folder")
}

fn compiled(ready: &Ready, profile: &str, name: &str) -> PathBuf {
    ready
        .wasm
        .target_folder(&ready.tools)
        .join(TARGET)
        .join(profile)
        .join(name)
}

/// One build at a time: the steps after cargo's own lock would see each other's half-written files.
fn lock(ready: &Ready) -> Result<File> {
    let folder = ready.wasm.target_folder(&ready.tools);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = File::create(folder.join(".xtask-lock"))?;
    file.lock()?;
    Ok(file)
}

/// Makes `input` small and drops the names of its functions. A server that reads `output` meanwhile sees the old file.
pub(crate) fn optimize(tools: &Tools, input: &Path, output: &Path) -> Result<()> {
    let draft = output.with_extension("wasm.draft");
    // Twice, with what is known of the whole module in between.
    let smaller = [
        "-Oz",
        "--gufa",
        "-Oz",
        "--strip-debug",
        "--strip-producers",
        "--strip-target-features",
    ];
    wasm_opt(tools, &smaller, input, &draft)?;
    fs::rename(&draft, output)?;
    Ok(())
}

/// Puts functions that are alike side by side, for who compresses the module. A server that reads `output` meanwhile sees
/// the old file.
pub(crate) fn order(tools: &Tools, input: &Path, output: &Path) -> Result<()> {
    let draft = output.with_extension("wasm.draft");
    fs::write(&draft, order::named(&fs::read(input)?)?)?;
    wasm_opt(
        tools,
        &["--reorder-functions-by-name", "--strip-debug"],
        &draft,
        &draft,
    )?;
    fs::rename(&draft, output)?;
    Ok(())
}

fn wasm_opt(tools: &Tools, passes: &[&str], input: &Path, output: &Path) -> Result<()> {
    let mut wasm_opt = tools.on_path(Command::new(tools.npm_bin("wasm-opt")))?;
    wasm_opt
        .args(passes)
        .args(WASM_FEATURES)
        .arg(input)
        .arg("-o")
        .arg(output);
    process::output(&mut wasm_opt)?;
    Ok(())
}

/// Tells whether the artefact was made from this very `.wasm` with these very tools.
struct Stamp {
    file: PathBuf,
    digest: String,
}

impl Stamp {
    fn new(tools: &Tools, sources: &[&Path], file: PathBuf) -> Result<Self> {
        let mut digest = Sha256::new();
        for source in sources {
            digest.update(fs::read(source).with_context(|| format!("cannot read {}", source.display()))?);
        }
        // What is done to them.
        digest.update(include_bytes!("build.rs"));
        digest.update(include_bytes!("worker.rs"));
        digest.update(include_bytes!("imports.rs"));
        digest.update(include_bytes!("order.rs"));
        digest.update(fs::read(tools.npm_folder().join("package.json"))?);
        let digest = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self { file, digest })
    }

    fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|found| found == self.digest)
    }

    fn write(&self) -> Result<()> {
        fs::write(&self.file, &self.digest).with_context(|| format!("cannot write {}", self.file.display()))
    }
}
