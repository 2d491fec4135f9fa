//! The Kotlin library: deployed with its POM, sources and documentation into a Maven repository in a folder, and tried
//! from there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::trial::Trial;
use super::{PACKED, expect_paid};
use crate::kotlin::Kotlin;
use crate::mobile::For;
use crate::process;
use crate::tools::Tools;

/// What Maven Central asks for beside the library.
const FILES: [&str; 4] = [".pom", ".jar", "-sources.jar", "-javadoc.jar"];

/// Builds the library as it ships and deploys it into a folder.
pub(super) fn pack(tools: &Tools) -> Result<()> {
    let Some(kotlin) = Kotlin::ensure(tools)? else {
        return Ok(());
    };
    kotlin.prepare(tools, For::Release)?;
    let repository = repository(tools);
    if repository.exists() {
        fs::remove_dir_all(&repository)?;
    }
    let mut maven = kotlin.maven(tools, For::Release);
    maven
        .args([
            "--quiet",
            "deploy",
            "-Prelease",
            "-Dmaven.test.skip=true",
            "--projects",
            ".,library",
        ])
        .arg(format!(
            "-DaltDeploymentRepository=folder::file:{}",
            repository.display()
        ));
    process::run(&mut maven)?;
    let version = super::check_versions(&tools.root)?;
    let folder = repository
        .join("dev/transferstatus/transfer-status")
        .join(&version);
    for file in FILES {
        let file = folder.join(format!("transfer-status-{version}{file}"));
        let size = fs::metadata(&file)
            .with_context(|| format!("Maven deployed no {}", file.display()))?
            .len();
        println!(
            "  {} {size} B",
            file.file_name().unwrap_or_default().to_string_lossy()
        );
        if size == 0 {
            bail!("{} is empty", file.display());
        }
    }
    Ok(())
}

/// An app on the JVM that scans a code and follows the payment, on the folder alone.
pub(super) fn try_out(tools: &Tools, trial: &Trial) -> Result<()> {
    let Some(kotlin) = Kotlin::ensure(tools)? else {
        return Ok(());
    };
    let folder = trial.project("kotlin")?;
    let mut maven = Command::new(kotlin.place());
    maven
        .args(["--batch-mode", "--no-transfer-progress", "--quiet", "package"])
        .arg(format!("-Drepository.folder={}", repository(tools).display()))
        // What was installed there earlier is not what is tried.
        .arg(format!("-Dmaven.repo.local.head={}", folder.join("m2").display()))
        .current_dir(&folder);
    process::run(&mut maven)?;
    let mut java = Command::new("java");
    java.arg("-jar").arg(folder.join("target/program/consumer.jar"));
    expect_paid("kotlin", &trial.scan(tools, &mut java)?)
}

fn repository(tools: &Tools) -> PathBuf {
    tools.root.join(PACKED).join("maven")
}
