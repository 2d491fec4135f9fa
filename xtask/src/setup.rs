//! `cargo xtask setup`: installs what the builds need, and nothing when all is there.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::process;
use crate::tools::Tools;
use crate::wasm_target::WasmTarget;

/// What [`ensure`] has made sure of.
pub(crate) struct Ready {
    /// The installed tools.
    pub(crate) tools: Tools,
    /// The compiler for WebAssembly.
    pub(crate) wasm: WasmTarget,
}

/// Installs what is missing and says where everything is.
pub(crate) fn run() -> Result<()> {
    let Ready { tools, wasm } = ensure()?;
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
    let wasm = match WasmTarget::find(&tools)? {
        Some(wasm) => wasm,
        None => {
            let _lock = lock(&tools)?;
            WasmTarget::install(&tools)?
        }
    };
    install_cargo_tools(&tools)?;
    install_npm_tools(&tools)?;
    tools.node()?;
    Ok(Ready { tools, wasm })
}

/// Two clones that are set up at the same time share the cache; one waits for the other.
fn lock(tools: &Tools) -> Result<File> {
    fs::create_dir_all(&tools.cache).with_context(|| format!("cannot make {}", tools.cache.display()))?;
    let file = File::create(tools.cache.join(".lock"))?;
    file.lock()?;
    Ok(file)
}

fn install_cargo_tools(tools: &Tools) -> Result<()> {
    for (name, version) in &tools.pins.cargo_tools {
        if tools.cargo_bin(name)?.exists() {
            continue;
        }
        let _lock = lock(tools)?;
        if tools.cargo_bin(name)?.exists() {
            continue;
        }
        println!("setup: cargo install {name} {version} (some minutes)");
        // Not `--locked`: the lock file of wasm-bindgen-cli names a yanked crate.
        let mut cargo = Command::new("cargo");
        cargo
            .args(["install", "--quiet", name, "--version", &format!("={version}")])
            .arg("--root")
            .arg(tools.cargo_root(name)?)
            .arg("--target-dir")
            .arg(tools.cache.join("build"))
            .current_dir(&tools.cache);
        process::run(&mut cargo).with_context(|| format!("{name} {version} could not be installed"))?;
    }
    let leftovers = tools.cache.join("build");
    if leftovers.exists() {
        let _lock = lock(tools)?;
        fs::remove_dir_all(leftovers)?;
    }
    Ok(())
}

/// The copy of the lock file that npm has carried out sits beside what it installed.
fn install_npm_tools(tools: &Tools) -> Result<()> {
    let folder = tools.npm_folder();
    let wanted =
        fs::read(folder.join("package-lock.json")).context("xtask/tools/package-lock.json is missing")?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if is_same(&stamp, &wanted) {
        return Ok(());
    }
    let Ok(npm) = which::which("npm") else {
        bail!("npm is missing: install Node.js with npm, then try again");
    };
    println!("setup: npm ci in xtask/tools");
    // None of the packages needs its install script, and newer npm blocks them unless approved.
    let mut npm_ci = Command::new(npm);
    npm_ci
        .args(["ci", "--ignore-scripts", "--loglevel=error"])
        .current_dir(&folder);
    process::output(&mut npm_ci).context("the npm tools could not be installed")?;
    fs::write(stamp, wanted)?;
    Ok(())
}

fn is_same(file: &Path, wanted: &[u8]) -> bool {
    fs::read(file).is_ok_and(|found| found == wanted)
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
