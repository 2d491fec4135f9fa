//! The npm package: packed, judged by publint and attw, tried by a backend in Node.js.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::trial::Trial;
use super::{PACKED, expect_paid};
use crate::npm;
use crate::process;
use crate::setup::Ready;
use crate::tools::Tools;

/// Builds and packs the package, and lets both judges look at it.
pub(super) fn pack(ready: &Ready) -> Result<()> {
    let folder = npm::build(ready)?;
    let tools = &ready.tools;
    let to = tools.root.join(PACKED);
    for old in tarballs(tools)? {
        fs::remove_file(old)?;
    }
    let mut pack = npm::npm(tools, &folder)?;
    pack.args([
        "pack",
        "--ignore-scripts",
        "--loglevel=error",
        "--pack-destination",
    ])
    .arg(&to);
    let file = process::output(&mut pack)?;
    println!("  {}", file.lines().last().unwrap_or_default());
    process::output(&mut npm::script(tools, npm::PACKAGE, "lint")?).map(drop)
}

/// A shop's backend that mints, publishes and watches, and a page's test, on the tarball alone.
pub(super) fn try_out(ready: &Ready, trial: &Trial) -> Result<()> {
    let tools = &ready.tools;
    let folder = trial.project("node")?;
    let tarball = tarballs(tools)?.pop().context("npm has packed nothing")?;
    let mut install = npm::npm(tools, &folder)?;
    install
        .args([
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .arg(&tarball);
    process::output(&mut install)?;
    let mut node = Command::new(tools.node()?);
    node.args(["--test", "page.test.mjs"]).current_dir(&folder);
    process::output(&mut node)?;
    let mut node = Command::new(tools.node()?);
    expect_paid("node", &trial.output(node.arg("shop.mjs").current_dir(&folder))?)
}

fn tarballs(tools: &Tools) -> Result<Vec<PathBuf>> {
    let folder = tools.root.join(PACKED);
    let files = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let files = files.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(files
        .filter(|file| file.extension().is_some_and(|it| it == "tgz"))
        .collect())
}
