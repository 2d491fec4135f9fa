//! Where the pinned tools are: `xtask/tools/package.json` names every version, this module every place.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::process;

/// The oldest Node.js that the pinned wrangler runs on.
const OLDEST_NODE: (u32, u32) = (22, 12);

/// The tool that is not installed as it is published: `xtask/wasm-bindgen` has why.
pub(crate) const WASM_BINDGEN: &str = "wasm-bindgen-cli";
/// What it does beside its library, so that another one of it gets another place.
const WASM_BINDGEN_SOURCE: &[u8] = include_bytes!("../wasm-bindgen/src/main.rs");

/// The pinned versions and the folders that tools live in.
pub(crate) struct Tools {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Shared by all clones of one user: what is in it is keyed by version.
    pub(crate) cache: PathBuf,
    /// `xtask/tools/package.json`.
    pub(crate) pins: Pins,
}

/// The part of `xtask/tools/package.json` that npm does not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pins {
    /// Crate name to its version: what `cargo install` gets, or what [`WASM_BINDGEN`] is made of.
    pub(crate) cargo_tools: BTreeMap<String, String>,
    /// The same, of what only `cargo xtask audit` runs.
    pub(crate) audit_tools: BTreeMap<String, String>,
    /// What only a bench needs.
    pub(crate) bench_tools: BenchTools,
    /// What only a release needs.
    pub(crate) release_tools: ReleaseTools,
    /// What the long way to the wasm target needs on Debian.
    pub(crate) debian_packages: Vec<String>,
    /// What the tests need on Debian besides.
    pub(crate) debian_test_packages: Vec<String>,
    /// Firefox and WebKit on Debian, with what drives them.
    pub(crate) debian_browser_packages: Vec<String>,
    /// The version of Toxiproxy, which is from Go's module proxy.
    pub(crate) toxiproxy: String,
    /// Package of PyPI to its version.
    pub(crate) python_tools: BTreeMap<String, String>,
    /// Language to what a backend in it needs.
    pub(crate) backend_tools: BTreeMap<String, BackendTool>,
    /// What the Kotlin and the Swift library are built and tested with.
    pub(crate) mobile_tools: MobileTools,
}

/// What the server is measured beside.
#[derive(Deserialize)]
pub(crate) struct BenchTools {
    /// The version of Centrifugo, which is a Go module.
    pub(crate) centrifugo: String,
}

/// What only a release needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReleaseTools {
    /// Compares the crates with those of the last release.
    pub(crate) cargo_semver_checks: String,
}

/// What the example's backend in one language needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BackendTool {
    /// The program that has to be on the PATH.
    pub(crate) program: String,
    /// What brings it on Debian.
    pub(crate) debian_package: String,
}

/// The compilers for phones.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MobileTools {
    /// The oldest JDK.
    pub(crate) jdk: u32,
    /// Plugin or library to its version; sdk-mobile/kotlin/pom.xml has the same in its properties.
    pub(crate) maven: BTreeMap<String, String>,
    /// JDK and Maven on Debian.
    pub(crate) kotlin_debian_packages: Vec<String>,
    /// The oldest Swift.
    pub(crate) swift: String,
    /// The Debian release whose Swift is taken where the machine's own has none.
    pub(crate) swift_debian_release: String,
    /// What Swift needs on Debian; the compiler comes first.
    pub(crate) swift_debian_packages: Vec<String>,
    /// By which the scanner in Swift reads pictures on Linux: name for pkg-config to the oldest version.
    pub(crate) swift_picture_libraries: BTreeMap<String, String>,
    /// What brings them on Debian.
    pub(crate) swift_picture_packages: Vec<String>,
}

impl Tools {
    /// Reads the pins; installs nothing.
    ///
    /// # Errors
    /// When `xtask/tools/package.json` cannot be read, or no folder for the cache is known.
    pub(crate) fn load() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask has no folder above it")?
            .to_owned();
        let file = root.join("xtask/tools/package.json");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let pins = serde_json::from_str(&text).with_context(|| format!("cannot use {}", file.display()))?;
        Ok(Self {
            root,
            cache: cache_folder()?,
            pins,
        })
    }

    /// Two clones that are set up at the same time share the cache; one waits for the other.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(crate) fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.cache).with_context(|| format!("cannot make {}", self.cache.display()))?;
        let file = File::create(self.cache.join(".lock"))?;
        file.lock()?;
        Ok(file)
    }

    /// The folder with the npm tools and the scripts that use them.
    pub(crate) fn npm_folder(&self) -> PathBuf {
        self.root.join("xtask/tools")
    }

    /// A program that an npm package brought.
    pub(crate) fn npm_bin(&self, name: &str) -> PathBuf {
        self.npm_folder().join("node_modules/.bin").join(name)
    }

    /// Where the program of the crate `name` is put, below `bin`, as `cargo install` does.
    pub(crate) fn cargo_folder(&self, name: &str, version: &str) -> PathBuf {
        let mut folder = format!("{name}-{version}");
        if name == WASM_BINDGEN {
            let digest = Sha256::digest(WASM_BINDGEN_SOURCE);
            folder.push('-');
            folder.extend(digest.iter().take(4).map(|byte| format!("{byte:02x}")));
        }
        self.cache.join("cargo").join(folder)
    }

    /// The program of the crate `name` in that version.
    pub(crate) fn cargo_program(&self, name: &str, version: &str) -> PathBuf {
        let program = name.strip_suffix("-cli").unwrap_or(name);
        self.cargo_folder(name, version).join("bin").join(program)
    }

    /// The program of the crate `name`.
    ///
    /// # Errors
    /// When the crate has no pinned version.
    pub(crate) fn cargo_bin(&self, name: &str) -> Result<PathBuf> {
        let Some(version) = self.pins.cargo_tools.get(name) else {
            bail!("xtask/tools/package.json pins no version of {name} in cargoTools");
        };
        Ok(self.cargo_program(name, version))
    }

    /// The Node.js that npm brought, or the machine's own where it is new enough.
    ///
    /// # Errors
    /// When there is neither.
    pub(crate) fn node(&self) -> Result<PathBuf> {
        let pinned = self.npm_bin("node");
        if pinned.exists() {
            return Ok(pinned);
        }
        let (major, minor) = OLDEST_NODE;
        let found = which::which("node").ok().filter(|node| {
            process::output(Command::new(node).arg("--version")).is_ok_and(|version| is_new_enough(&version))
        });
        found.with_context(|| format!("Node.js {major}.{minor} or newer is missing: npm has none for this kind of machine, so install one"))
    }

    /// `command` with the npm tools first on its PATH, so that their `#!/usr/bin/env node` finds the pinned one.
    pub(crate) fn on_path(&self, mut command: Command) -> Result<Command> {
        let mut folders = vec![self.npm_folder().join("node_modules/.bin")];
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let path: OsString = env::join_paths(folders).context("PATH cannot be extended")?;
        command.env("PATH", path);
        Ok(command)
    }
}

fn cache_folder() -> Result<PathBuf> {
    let given = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    given("TRANSFER_STATUS_CACHE")
        .or_else(|| given("XDG_CACHE_HOME").map(|folder| folder.join("transfer-status")))
        .or_else(|| given("HOME").map(|folder| folder.join(".cache/transfer-status")))
        .context("no folder for the tools: set TRANSFER_STATUS_CACHE to one")
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= OLDEST_NODE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_told_from_a_new_one() {
        assert!(is_new_enough("v22.12.0"));
        assert!(is_new_enough("v24.0.1"));
        assert!(!is_new_enough("v22.11.9"));
        assert!(!is_new_enough("v20.20.2"));
        assert!(!is_new_enough("nonsense"));
    }
}
