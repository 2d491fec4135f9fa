//! A compiler for `wasm32-unknown-unknown`: rustup's where it can add the target, Debian's where it cannot.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::process::{self, command};
use crate::tools::Tools;

/// The target of everything that ships as WebAssembly.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// What rustup calls the toolchain of the long way.
const LINKED: &str = "transfer-status-wasm";

/// The compiler that builds for [`TARGET`].
pub(crate) enum WasmTarget {
    /// The one that cargo uses anyway has the target.
    Active,
    /// The linked one, from the distribution's packages.
    Linked,
}

impl WasmTarget {
    /// What is there already, if anything.
    ///
    /// # Errors
    /// When not even `rustc` can be run.
    pub(crate) fn find(tools: &Tools) -> Result<Option<Self>> {
        if has_target(&tools.root)? {
            return Ok(Some(Self::Active));
        }
        let Some(sysroot) = debian::sysroot(tools) else {
            return Ok(None);
        };
        let linked =
            process::output(&mut command(&tools.root, "rustup", ["toolchain", "list"])).is_ok_and(|list| {
                list.lines()
                    .any(|line| line.split_whitespace().next() == Some(LINKED))
            });
        Ok((sysroot.exists() && linked).then_some(Self::Linked))
    }

    /// Adds the target, by the short way or else by the long one.
    ///
    /// # Errors
    /// When neither works; the error says what to install by hand.
    pub(crate) fn install(tools: &Tools) -> Result<Self> {
        println!("setup: rustup target add {TARGET}");
        let mut short = command(&tools.root, "rustup", ["target", "add", TARGET]);
        match process::output(short.env("RUST_BACKTRACE", "0")) {
            Ok(_) if has_target(&tools.root)? => return Ok(Self::Active),
            Ok(_) => println!("setup: rustup added it, but rustc is not rustup's"),
            Err(error) => println!("setup: rustup cannot add it: {error}"),
        }
        if which::which("apt-get").is_err() {
            bail!("no compiler for {TARGET}: add the target to the Rust toolchain in use, then try again");
        }
        debian::install_packages(tools)?;
        let sysroot = debian::sysroot(tools).context("the package rustc-web is still missing")?;
        if !sysroot.exists() {
            debian::build_sysroot(&sysroot)?;
        }
        let link = Command::new("rustup")
            .args(["toolchain", "link", LINKED])
            .arg(&sysroot)
            .output();
        if !link.is_ok_and(|link| link.status.success()) {
            bail!(
                "`rustup toolchain link {LINKED} {}` failed: is rustup installed?",
                sysroot.display()
            );
        }
        Ok(Self::Linked)
    }

    /// `program` set up to compile with this compiler, into a target folder that no other compiler uses.
    pub(crate) fn command(&self, tools: &Tools, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("CARGO_TARGET_DIR", self.target_folder(tools));
        if let Self::Linked = self {
            // `cargo run` puts the libraries of its own compiler on this path.
            command
                .env("RUSTUP_TOOLCHAIN", LINKED)
                .env_remove("LD_LIBRARY_PATH");
        }
        command
    }

    /// Where cargo puts what it builds for the target.
    pub(crate) fn target_folder(&self, tools: &Tools) -> PathBuf {
        tools.root.join("target").join(match self {
            Self::Active => "wasm",
            Self::Linked => "wasm-linked",
        })
    }
}

fn has_target(root: &Path) -> Result<bool> {
    let folder = process::output(&mut command(
        root,
        "rustc",
        ["--print", "target-libdir", "--target", TARGET],
    ))?;
    let Ok(files) = fs::read_dir(folder) else {
        return Ok(false);
    };
    Ok(files
        .flatten()
        .any(|file| file.file_name().to_string_lossy().starts_with("libstd-")))
}
