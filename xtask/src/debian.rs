//! The distribution's compiler as a toolchain for WebAssembly.
//!
//! Debian packages the compiler and the source of the standard library, but no standard library for this target, so
//! it is built here, once. It goes into a folder of its own that borrows the rest from the distribution; nothing
//! outside the cache is written, save for the packages.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::tools::Tools;
use crate::wasm_target::TARGET;

/// What the crates of this workspace ask for.
const OLDEST_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

/// The folder for the distribution's compiler as it is installed now; none when it is not installed.
pub(crate) fn sysroot(tools: &Tools) -> Option<PathBuf> {
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

/// Installs the pinned packages that are missing.
///
/// # Errors
/// When they cannot be had, or the compiler among them is too old.
pub(crate) fn install_packages(tools: &Tools) -> Result<()> {
    let all = &tools.pins.debian_packages;
    if all.iter().all(|name| package_version(name).is_some()) && compiler_is_new_enough() {
        return Ok(());
    }
    install(all)?;
    if !compiler_is_new_enough() {
        // Old lists of packages are the usual reason.
        update()?;
        install(all)?;
    }
    if !compiler_is_new_enough() {
        bail!(
            "the distribution's rustc-web is older than Rust {OLDEST_RUST}: use a newer distribution, or rustup"
        );
    }
    Ok(())
}

/// Installs `packages`.
///
/// # Errors
/// When they cannot be had.
pub(crate) fn install(packages: &[String]) -> Result<()> {
    println!("setup: apt-get install {}", packages.join(" "));
    let options = ["install", "-y", "--no-install-recommends", "--no-remove"];
    let install = [&options, &words(packages)[..]].concat();
    // Lists of packages that are missing are the usual reason why this is not enough.
    if apt(&install).is_err() {
        update()?;
        apt(&install).with_context(|| format!("not all of {} could be installed", packages.join(" ")))?;
    }
    Ok(())
}

fn update() -> Result<()> {
    println!("setup: apt-get update");
    apt(&["update"])
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
    let mut apt = as_root("env").with_context(|| format!("as root, run `apt-get {}`", args.join(" ")))?;
    apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"])
        .args(args);
    process::output(&mut apt).map(drop)
}

/// Whether this process is root's.
///
/// # Errors
/// When the machine does not say.
pub(crate) fn is_root() -> Result<bool> {
    Ok(process::output(Command::new("id").arg("-u"))? == "0")
}

/// `program` as root, by sudo where this process is not.
///
/// # Errors
/// When sudo is needed and missing.
pub(crate) fn as_root(program: &str) -> Result<Command> {
    if is_root()? {
        return Ok(Command::new(program));
    }
    let Ok(sudo) = which::which("sudo") else {
        bail!("root is needed and sudo is missing");
    };
    let mut command = Command::new(sudo);
    command.arg(program);
    Ok(command)
}

/// Whether the distribution has all of `packages`, installed or not.
pub(crate) fn has(packages: &[String]) -> bool {
    packages.iter().all(|name| {
        let policy = process::output(Command::new("apt-cache").args(["policy", name]));
        policy.is_ok_and(|policy| policy.contains("Candidate:") && !policy.contains("Candidate: (none)"))
    })
}

/// Builds the standard library for the target and lays out a sysroot that `rustup toolchain link` accepts.
///
/// # Errors
/// When the build fails or the folder cannot be written.
pub(crate) fn build_sysroot(sysroot: &Path) -> Result<()> {
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
