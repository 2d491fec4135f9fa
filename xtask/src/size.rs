//! `cargo xtask size`: what the artefacts weigh, and the limits that they keep.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::setup::{self, Ready};
use crate::{build, kotlin, npm, process, swift_package};

/// The session alone, raw: it is to be a small part of a browser package.
const SESSION_RAW: usize = 12 * 1024;
/// The Worker with its JavaScript, gzipped: what the platform loads at a cold start. ARCHITECTURE.md says what it is made of.
const WORKER_GZIP: usize = 244_000;

/// Builds the artefacts, prints their sizes and fails when one is too large.
pub(crate) fn run() -> Result<()> {
    measure(&setup::ensure()?)
}

/// As [`run`], on a machine that is set up.
///
/// # Errors
/// When a build fails or an artefact is over its limit.
pub(crate) fn measure(ready: &Ready) -> Result<()> {
    let session = Size::of(&[&build::session(ready)?])?;
    let folder = build::worker(ready)?;
    let worker = Size::of(&[&folder.join("index_bg.wasm"), &folder.join("index.js")])?;

    println!("{:<24}{:>10}{:>10}{:>10}  limit", "", "raw", "gzip", "brotli");
    session.print("session.wasm", &format!("raw {SESSION_RAW}"));
    worker.print("Worker (wasm and js)", &format!("gzip {WORKER_GZIP}"));
    if session.raw >= SESSION_RAW {
        bail!(
            "the session is {} B raw, its limit is under {SESSION_RAW} B",
            session.raw
        );
    }
    if worker.gzip >= WORKER_GZIP {
        bail!(
            "the Worker is {} B gzipped, its limit is under {WORKER_GZIP} B",
            worker.gzip
        );
    }
    swift_package::measure(&ready.tools)?;
    swift_package::measure_modules(&ready.tools)?;
    kotlin::measure(&ready.tools)?;
    npm::build(ready)?;
    println!();
    // The package holds its own entries to their limits, and shows other clients beside them.
    process::run(&mut npm::script(&ready.tools, npm::PACKAGE, "size")?)
}

struct Size {
    raw: usize,
    gzip: usize,
    brotli: usize,
}

impl Size {
    fn of(files: &[&Path]) -> Result<Self> {
        let mut size = Self {
            raw: 0,
            gzip: 0,
            brotli: 0,
        };
        for file in files {
            let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            size.raw += bytes.len();
            size.gzip += gzip(&bytes)?;
            size.brotli += brotli(&bytes)?;
        }
        Ok(size)
    }

    fn print(&self, name: &str, limit: &str) {
        println!(
            "{name:<24}{:>10}{:>10}{:>10}  {limit}",
            self.raw, self.gzip, self.brotli
        );
    }
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn brotli(bytes: &[u8]) -> Result<usize> {
    let mut packed = Vec::new();
    let (quality, window) = (11, 22);
    brotli::CompressorWriter::new(&mut packed, 64 * 1024, quality, window).write_all(bytes)?;
    Ok(packed.len())
}
