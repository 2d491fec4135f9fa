//! A compiler for `wasm32-unknown-unknown`: rustup's where it can add the target, Debian's where it cannot.
//!
//! Debian packages the compiler and the source of the standard library, but no standard library for this target, so
//! the long way builds it once. It goes into a folder of its own that borrows the rest from the distribution; nothing
//! outside the cache is written, save for the packages.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{self, command};
use crate::tools::Tools;

/// The target of everything that ships as WebAssembly.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// What the crates of this workspace ask for.
const OLDEST_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

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
        let Some(sysroot) = sysroot(tools) else {
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
        install_packages(tools)?;
        let sysroot = sysroot(tools).context("the package rustc-web is still missing")?;
        if !sysroot.exists() {
            build_sysroot(&sysroot)?;
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

/// The folder for the distribution's compiler as it is installed now; none when it is not installed.
fn sysroot(tools: &Tools) -> Option<PathBuf> {
    let version = package_version("rustc-web")?;
    Some(
        tools
            .cache
            .join("toolchains")
            .join(format!("debian-{}", version.replace(['/', ':'], "_"))),
    )
}

fn package_version(name: &str) -> Option<String> {
    let format = "-f=${db:Status-Status} ${Version}";
    let answer = process::output(Command::new("dpkg-query").args(["-W", format, name])).ok()?;
    answer.strip_prefix("installed ").map(str::to_owned)
}

fn install_packages(tools: &Tools) -> Result<()> {
    let all = &tools.pins.debian_packages;
    if all.iter().all(|name| package_version(name).is_some()) && compiler_is_new_enough() {
        return Ok(());
    }
    println!("setup: apt-get install {}", all.join(" "));
    let options = ["install", "-y", "--no-install-recommends", "--no-remove"];
    let install = [&options, &words(all)[..]].concat();
    // Lists of packages that are missing or old are the usual reason why this is not enough.
    if apt(&install).is_err() || !compiler_is_new_enough() {
        println!("setup: apt-get update");
        apt(&["update"])?;
        apt(&install).with_context(|| format!("not all of {} could be installed", all.join(" ")))?;
    }
    if !compiler_is_new_enough() {
        bail!(
            "the distribution's rustc-web is older than Rust {OLDEST_RUST}: use a newer distribution, or rustup"
        );
    }
    Ok(())
}

fn compiler_is_new_enough() -> bool {
    package_version("rustc-web").is_some_and(|version| numbers(&version) >= numbers(OLDEST_RUST))
}

/// Major and minor of a version such as `1.96.0+dfsg1-1`.
fn numbers(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn words(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn apt(args: &[&str]) -> Result<()> {
    let is_root = process::output(Command::new("id").arg("-u"))? == "0";
    let mut apt = Command::new(if is_root { "env" } else { "sudo" });
    if !is_root && which::which("sudo").is_err() {
        bail!(
            "root is needed and sudo is missing: as root, run `apt-get {}`",
            args.join(" ")
        );
    }
    apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"])
        .args(args);
    process::output(&mut apt).map(drop)
}

/// Builds the standard library for the target and lays out a sysroot that `rustup toolchain link` accepts.
fn build_sysroot(sysroot: &Path) -> Result<()> {
    println!("setup: building the standard library for {TARGET} (about a minute)");
    let host = process::output(Command::new("/usr/bin/rustc").args(["--print", "host-tuple"]))?;
    let host = host.as_str();
    // A sysroot that is half made never gets its final name. The wrappers need that name, so it is given to them.
    let draft = PathBuf::from(format!("{}.draft", sysroot.display()));
    if draft.exists() {
        fs::remove_dir_all(&draft)?;
    }
    let rustlib = draft.join("lib/rustlib");
    fs::create_dir_all(draft.join("bin"))?;
    fs::create_dir_all(rustlib.join(host).join("bin"))?;
    symlink("/usr/bin/cargo", draft.join("bin/cargo"))?;
    symlink(
        format!("/usr/lib/rustlib/{host}/lib"),
        rustlib.join(host).join("lib"),
    )?;
    symlink("/usr/bin/lld-19", rustlib.join(host).join("bin/rust-lld"))?;
    symlink("/usr/lib/rustlib/src", rustlib.join("src"))?;

    write_wrappers(&draft, &draft)?;
    let scratch = draft.join("scratch");
    fs::create_dir_all(scratch.join("src"))?;
    fs::write(
        scratch.join("Cargo.toml"),
        "[package]\nname = \"scratch\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    fs::write(scratch.join("src/lib.rs"), "#![no_std]\n")?;
    let mut cargo = Command::new(draft.join("bin/cargo"));
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "-Zbuild-std=std,panic_abort",
            "--target",
            TARGET,
        ])
        .current_dir(&scratch)
        .env("RUSTC", draft.join("bin/rustc"))
        .env("RUSTC_BOOTSTRAP", "1")
        // Without embedded bitcode, a build with `lto = true` fails later.
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("LD_LIBRARY_PATH");
    process::run(&mut cargo)?;

    let libraries = rustlib.join(TARGET).join("lib");
    fs::create_dir_all(&libraries)?;
    for file in fs::read_dir(scratch.join("target").join(TARGET).join("release/deps"))? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libscratch-") {
            fs::copy(file.path(), libraries.join(name))?;
        }
    }
    fs::remove_dir_all(&scratch)?;
    write_wrappers(&draft, sysroot)?;
    fs::rename(&draft, sysroot).with_context(|| format!("cannot make {}", sysroot.display()))
}

/// Programs that look for libraries in `sysroot`: the distribution's own look beside the real file.
fn write_wrappers(folder: &Path, sysroot: &Path) -> Result<()> {
    for program in ["rustc", "rustdoc"] {
        let file = folder.join("bin").join(program);
        fs::write(
            &file,
            format!(
                "#!/bin/sh\nexec /usr/bin/{program} --sysroot '{}' \"$@\"\n",
                sysroot.display()
            ),
        )?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_with_an_old_compiler_is_told_from_a_new_one() {
        assert!(numbers("1.96.0+dfsg1-1~deb12u2") >= numbers("1.91"));
        assert!(numbers("1.85.0+dfsg3-1~deb12u3") < numbers("1.91"));
        assert!(numbers("2.0") > numbers("1.91"));
    }
}
