//! `cargo xtask setup`: installs what the builds need, and nothing when all is there.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use cargo_metadata::MetadataCommand;

use crate::browsers::Browsers;
use crate::kotlin::Kotlin;
use crate::progress::Progress;
use crate::swift::Swift;
use crate::tools::{Tools, WASM_BINDGEN};
use crate::wasm_target::WasmTarget;
use crate::{backends, chromium, npm, process, python, toxiproxy};

/// What [`ensure`] has made sure of.
pub(crate) struct Ready {
    /// The installed tools.
    pub(crate) tools: Tools,
    /// The compiler for WebAssembly.
    pub(crate) wasm: WasmTarget,
}

/// Installs what is missing and says where everything is.
pub(crate) fn run() -> Result<()> {
    let (Ready { tools, wasm }, chromium) = ensure_for_tests()?;
    check_wasm_bindgen(&tools)?;
    let compiler = match wasm {
        WasmTarget::Active => "the active Rust toolchain",
        WasmTarget::Linked => "Debian's compiler, linked into rustup",
    };
    println!("setup: everything is in place");
    println!("  wasm target       {compiler}");
    for name in tools.pins.cargo_tools.keys() {
        println!("  {name:<17} {}", tools.cargo_bin(name)?.display());
    }
    println!("  node              {}", tools.node()?.display());
    println!("  browser           {}", chromium.display());
    println!("  other browsers    {}", Browsers::ensure(&tools)?.places());
    let phones = ensure_phones(&tools)?;
    let kotlin = phones
        .kotlin
        .as_ref()
        .map(|kotlin| kotlin.place().display().to_string());
    println!("  maven             {}", kotlin.as_deref().unwrap_or("missing"));
    let swift = phones.swift.as_ref().map(Swift::place);
    println!("  swift             {}", swift.as_deref().unwrap_or("missing"));
    let languages = backends::ensure(&tools)?;
    println!("  backends in       {}", languages.join(", "));
    let mut judges = vec![toxiproxy::ensure(&tools)?];
    for tool in python::Tool::ALL {
        judges.push(tool.ensure(&tools)?);
    }
    for judge in judges.into_iter().flatten() {
        println!("  outside judge     {}", judge.display());
    }
    println!(
        "  npm tools         {}",
        tools.npm_folder().join("node_modules").display()
    );
    Ok(())
}

/// Installs what is missing, silent when nothing is.
///
/// # Errors
/// When something cannot be installed; the error names it.
pub(crate) fn ensure() -> Result<Ready> {
    let tools = Tools::load()?;
    let progress = Progress::new();
    // Side by side: one of them mostly compiles, the others mostly download.
    let (wasm, cargo, npm) = thread::scope(|scope| {
        let cargo = scope.spawn(|| install_cargo_tools(&tools, &progress));
        let npm = scope.spawn(|| {
            npm::install(&tools, &tools.npm_folder()).context("the npm tools could not be installed")
        });
        let wasm = ensure_wasm(&tools);
        (wasm, cargo.join(), npm.join())
    });
    let wasm = wasm?;
    cargo.map_err(|_| anyhow!("the set-up of the cargo tools has panicked"))??;
    npm.map_err(|_| anyhow!("the set-up of the npm tools has panicked"))??;
    tools.node()?;
    Ok(Ready { tools, wasm })
}

fn ensure_wasm(tools: &Tools) -> Result<WasmTarget> {
    if let Some(wasm) = WasmTarget::find(tools)? {
        return Ok(wasm);
    }
    let _lock = tools.lock()?;
    WasmTarget::install(tools)
}

/// As [`ensure`], with what only the tests need: the npm projects and a browser, whose program is given back.
///
/// # Errors
/// When something cannot be installed; the error names it.
pub(crate) fn ensure_for_tests() -> Result<(Ready, PathBuf)> {
    let ready = ensure()?;
    npm::install_projects(&ready.tools)?;
    let chromium = chromium::ensure(&ready.tools)?;
    Ok((ready, chromium))
}

/// A browser, with what drives it; its program is given back.
///
/// # Errors
/// When something cannot be installed; the error names it.
pub(crate) fn ensure_browser(tools: &Tools) -> Result<PathBuf> {
    npm::install(tools, &tools.root.join(npm::BROWSER_TESTS))?;
    chromium::ensure(tools)
}

/// The compilers of the two phone libraries; each is missing only on a machine where it has to be installed by hand.
pub(crate) struct Phones {
    /// JDK and Maven.
    pub(crate) kotlin: Option<Kotlin>,
    /// Swift.
    pub(crate) swift: Option<Swift>,
}

/// Installs what the phone libraries are built with, silent when all is there.
///
/// # Errors
/// When something cannot be installed, or in CI is missing.
pub(crate) fn ensure_phones(tools: &Tools) -> Result<Phones> {
    let kotlin = Kotlin::ensure(tools)?;
    let swift = Swift::ensure(tools)?;
    Ok(Phones { kotlin, swift })
}

fn install_cargo_tools(tools: &Tools, progress: &Progress) -> Result<()> {
    for (name, version) in &tools.pins.cargo_tools {
        if name != WASM_BINDGEN {
            install_cargo_tool(tools, name, version)?;
            continue;
        }
        if tools.cargo_bin(name)?.exists() {
            continue;
        }
        // Not the lock of the cache, which whoever installs the wasm target holds meanwhile.
        fs::create_dir_all(&tools.cache)?;
        let lock = File::create(tools.cache.join(".lock-cargo"))?;
        lock.lock()?;
        if !tools.cargo_bin(name)?.exists() {
            progress.stage(&format!("compile {name} {version}"), || build_wasm_bindgen(tools))?;
        }
    }
    let leftovers = tools.cache.join("build");
    if leftovers.exists() {
        let _lock = tools.lock()?;
        fs::remove_dir_all(leftovers)?;
    }
    Ok(())
}

/// Builds our own command around the library, where the rest of the workspace is built: they share dependencies. None of
/// it is optimised: half a second is soon spent, and half a minute is long.
fn build_wasm_bindgen(tools: &Tools) -> Result<()> {
    let message_format = "--message-format=json-render-diagnostics";
    let package = "transfer-status-wasm-bindgen";
    let args = ["build", "--quiet", "--package", package, message_format];
    let built = process::executable(&mut process::command(&tools.root, "cargo", args), package)?;
    let program = tools.cargo_bin(WASM_BINDGEN)?;
    let folder = program.parent().context("the tool has no folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Whoever looks for it finds all of it or nothing.
    let draft = program.with_extension("draft");
    fs::copy(&built, &draft).with_context(|| format!("cannot write {}", draft.display()))?;
    fs::rename(&draft, &program).with_context(|| format!("cannot write {}", program.display()))
}

/// Has cargo build the program of the crate `name` into the cache; silent when it is there.
///
/// # Errors
/// When cargo fails.
pub(crate) fn install_cargo_tool(tools: &Tools, name: &str, version: &str) -> Result<()> {
    if tools.cargo_program(name, version).exists() {
        return Ok(());
    }
    let _lock = tools.lock()?;
    if tools.cargo_program(name, version).exists() {
        return Ok(());
    }
    println!("setup: cargo install {name} {version} (some minutes)");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["install", "--quiet", name, "--version", &format!("={version}")])
        .arg("--root")
        .arg(tools.cargo_folder(name, version))
        .arg("--target-dir")
        .arg(tools.cache.join("build"))
        .current_dir(&tools.cache);
    process::run(&mut cargo).with_context(|| format!("{name} {version} could not be installed"))
}

/// The command line tool reads what the library wrote, so the two must be of one version.
fn check_wasm_bindgen(tools: &Tools) -> Result<()> {
    let pinned = tools
        .pins
        .cargo_tools
        .get("wasm-bindgen-cli")
        .map(String::as_str)
        .unwrap_or_default();
    let metadata = MetadataCommand::new().current_dir(&tools.root).exec()?;
    let Some(locked) = metadata
        .packages
        .iter()
        .find(|package| package.name == "wasm-bindgen")
    else {
        return Ok(());
    };
    if locked.version.to_string() != pinned {
        bail!(
            "Cargo.lock has wasm-bindgen {}, xtask/tools/package.json pins wasm-bindgen-cli {pinned}: make them equal",
            locked.version
        );
    }
    Ok(())
}
