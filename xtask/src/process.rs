//! Running other programs: each failure names the whole command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;

/// Runs `command` with this process's output, and fails when it does.
///
/// # Errors
/// When the program cannot be started or ends with a status other than 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", line(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", line(command));
    }
    Ok(())
}

/// Runs `command` and returns what it printed on stdout, trimmed.
///
/// # Errors
/// When the program cannot be started or ends with a status other than 0; what it printed on stderr is in the error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", line(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed ({}): {}", line(command), output.status, stderr.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a `cargo build` that is asked for messages in JSON, and gives the program of the target `name`.
///
/// # Errors
/// When it fails, or builds no such program.
pub(crate) fn executable(cargo: &mut Command, name: &str) -> Result<PathBuf> {
    let line = line(cargo);
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {line}"))?;
    if !output.status.success() {
        bail!("{line} failed ({})", output.status);
    }
    for message in Message::parse_stream(output.stdout.as_slice()) {
        if let Message::CompilerArtifact(artifact) = message?
            && artifact.target.name == name
            && let Some(program) = artifact.executable
        {
            return Ok(program.into());
        }
    }
    bail!("{line} has built no program {name}")
}

/// Says that something is not there which cannot be installed here. What needs it is left out, save in CI, where that
/// would go unnoticed.
///
/// # Errors
/// In CI.
pub(crate) fn missing(what: &str) -> Result<()> {
    if std::env::var_os("CI").is_some_and(|ci| !ci.is_empty()) {
        bail!("{what}");
    }
    println!("setup: {what}; what needs it is left out");
    Ok(())
}

/// A command that runs in `directory`, for the calls that are no more than a list of words.
pub(crate) fn command<const N: usize>(directory: &Path, program: &str, args: [&str; N]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).args(args);
    command
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("`{}`", words.join(" "))
}
