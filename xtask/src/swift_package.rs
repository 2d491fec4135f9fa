//! The Swift package and what is built on it: its native half and generated sources in their place, its tests, its size.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use goblin::elf::Elf;

use crate::lanes::Step;
use crate::mobile::{self, For};
use crate::process;
use crate::setup::Ready;
use crate::swift::Swift;
use crate::tools::Tools;

/// The package that an app adds.
const PACKAGE: &str = "sdk-mobile/swift";
/// The phone of the demo, and its package.
const SCANNER: (&str, &str) = ("scanner", "examples/scanner-swift");
/// The program around the package for conformance suites, and its package.
const ADAPTER: (&str, &str) = ("transfer-status-adapter-swift", "examples/adapters/swift-adapter");
/// What the tests have beside the client; it runs them.
const STAND: &str = "sdk-mobile/swift/Tests/stand/stand.mjs";
/// The sources that ship, the generated ones apart: no more than this, in bytes.
const LIMIT: u64 = 150 * 1000;
/// What an app gets of the package, the native library apart.
const MODULES: [&str; 2] = ["TransferStatus", "TransferStatusBindings"];
/// The code and the data of these modules in a release build: no more than this, in bytes.
const OBJECTS: u64 = 210 * 1000;
/// The same, deflated.
const DEFLATED: usize = 64 * 1000;

/// Where the generator's files go in the package.
const PLACES: [(&str, &str); 3] = [
    ("TransferStatusBindings.swift", "TransferStatusBindings"),
    ("TransferStatusFFI.h", "TransferStatusFFI"),
    ("module.modulemap", "TransferStatusFFI"),
];

/// Builds the native library and puts what is generated from it into the package, each time anew: what the package is
/// compiled with was generated from this source.
///
/// # Errors
/// When a build fails.
pub(crate) fn prepare(tools: &Tools, purpose: For) -> Result<PathBuf> {
    let library = mobile::library(tools, purpose)?;
    let made = tools.root.join("target/bindings/swift");
    mobile::bindings(tools, "swift", &library, &made)?;
    for (name, place) in PLACES {
        let folder = tools.root.join(PACKAGE).join("Generated").join(place);
        fs::create_dir_all(&folder)?;
        let text = fs::read(made.join(name)).with_context(|| format!("{name} was not generated"))?;
        let file = folder.join(name);
        // One that is the same keeps its time, so that nothing is compiled again for it.
        if !fs::read(&file).is_ok_and(|old| old == text) {
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    let folder = library.parent().context("the library has no folder")?;
    Ok(folder.to_owned())
}

/// `swift WORD` on the package in `folder`, with a warning as an error; its products go below `target`.
fn swift_in(swift: &Swift, tools: &Tools, library: &Path, folder: &str, word: &str) -> Result<Command> {
    let mut command = swift.command(tools, "swift", &tools.root.join(folder))?;
    command
        .arg(word)
        .arg("--scratch-path")
        .arg(scratch(tools, folder));
    command.env("TRANSFER_STATUS_STRICT", "1");
    command.env("TRANSFER_STATUS_LIBRARY", library);
    Ok(command)
}

fn scratch(tools: &Tools, folder: &str) -> PathBuf {
    tools.root.join("target/swift").join(folder.replace('/', "-"))
}

/// The package's tests, by the stand that they need, and the scanner's where it can be built.
///
/// # Errors
/// When the native half cannot be built.
pub(crate) fn tests(ready: &Ready, swift: &Swift) -> Result<Step> {
    let tools = &ready.tools;
    let library = prepare(tools, For::Tests)?;
    let test = swift_in(swift, tools, &library, PACKAGE, "test")?;
    let mut stand = stand(tools)?;
    // The servers keep this machine's environment; the compiler's own is for the compiler.
    stand.arg("env");
    for (name, value) in test.get_envs() {
        let value = value.unwrap_or_default();
        stand.arg(format!("{}={}", name.to_string_lossy(), value.to_string_lossy()));
    }
    stand.arg(test.get_program()).args(test.get_args());
    let mut commands = vec![stand];
    if swift.reads_pictures() {
        commands.push(swift_in(swift, tools, &library, SCANNER.1, "test")?);
    }
    Ok(Step {
        name: "Swift",
        commands,
    })
}

/// Builds the adapter and gives its command line; `None` where there is no Swift.
///
/// # Errors
/// When a build fails.
pub(crate) fn adapter(tools: &Tools) -> Result<Option<Vec<String>>> {
    program(tools, ADAPTER)
}

/// Builds the scanner and gives its command line; `None` where there is no Swift, or nothing to read pictures by.
///
/// # Errors
/// When a build fails.
pub(crate) fn scanner(tools: &Tools) -> Result<Option<Vec<String>>> {
    program(tools, SCANNER)
}

fn program(tools: &Tools, (name, folder): (&str, &str)) -> Result<Option<Vec<String>>> {
    let Some(swift) = Swift::ensure(tools)? else {
        return Ok(None);
    };
    if folder == SCANNER.1 && !swift.reads_pictures() {
        return Ok(None);
    }
    let library = prepare(tools, For::Tests)?;
    process::run(&mut swift_in(&swift, tools, &library, folder, "build")?)?;
    let mut words = swift.runner();
    let program = scratch(tools, folder).join("debug").join(name);
    words.push(program.display().to_string());
    Ok(Some(words))
}

/// Measures what crossing the border costs, on the library as it ships, and fails when it costs too much.
///
/// # Errors
/// When a build fails, or what was measured is over its limit.
pub(crate) fn bench(tools: &Tools) -> Result<()> {
    let Some(swift) = Swift::ensure(tools)? else {
        return Ok(());
    };
    let library = prepare(tools, For::Bench)?;
    let mut build = swift_in(&swift, tools, &library, PACKAGE, "build")?;
    process::run(build.args(["--configuration", "release", "--product", "bench"]))?;
    measure_objects(&scratch(tools, PACKAGE).join("release"))?;
    let mut stand = stand(tools)?;
    stand.args(swift.runner());
    stand.arg(scratch(tools, PACKAGE).join("release/bench"));
    // One count for the memory of all threads.
    stand.env("MALLOC_ARENA_MAX", "1");
    process::run(&mut stand)
}

/// Builds the package's modules as an app does, with the few things more that the tests call, and measures them.
///
/// # Errors
/// When a build fails, or they are over their limits.
pub(crate) fn measure_modules(tools: &Tools) -> Result<()> {
    let Some(swift) = Swift::ensure(tools)? else {
        return Ok(());
    };
    let library = prepare(tools, For::Tests)?;
    let mut build = swift_in(&swift, tools, &library, PACKAGE, "build")?;
    build.args([
        "--configuration",
        "release",
        "--target",
        "TransferStatus",
        "--quiet",
    ]);
    process::run(&mut build)?;
    measure_objects(&scratch(tools, PACKAGE).join("release"))
}

/// Prints what the package's two modules add to an app, code and data as they are and deflated as an app travels, and fails
/// when that is too much.
fn measure_objects(release: &Path) -> Result<()> {
    let mut raw = 0;
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
    for module in MODULES {
        for file in mobile::files(&release.join(format!("{module}.build")), "o")? {
            let bytes = fs::read(&file)?;
            let unread = || format!("{} is no object file of this system", file.display());
            let object = Elf::parse(&bytes).with_context(unread)?;
            for section in object.section_headers.iter().filter(|section| section.is_alloc()) {
                raw += section.sh_size;
                // What is all zeros lies in no file.
                if let Some(place) = section.file_range() {
                    deflated.write_all(bytes.get(place).with_context(unread)?)?;
                }
            }
        }
    }
    let deflated = deflated.finish()?.len();
    println!(
        "{:<24}{raw:>10}{deflated:>10}{:>10}  raw {OBJECTS}, deflated {DEFLATED}",
        "Swift, code and data", ""
    );
    if raw > OBJECTS || deflated > DEFLATED {
        bail!(
            "the Swift modules are {raw} B, deflated {deflated} B; their limits are {OBJECTS} B and {DEFLATED} B"
        );
    }
    Ok(())
}

/// What runs a program, whose words follow, beside the stand of the tests.
fn stand(tools: &Tools) -> Result<Command> {
    let mut stand = tools.on_path(Command::new(tools.node()?))?;
    stand
        .arg("--no-warnings")
        .arg(STAND)
        .current_dir(&tools.root)
        .env("TRANSFER_STATUS_XTASK", std::env::current_exe()?);
    Ok(stand)
}

/// Prints the size of the sources that ship, and fails when there are too many.
///
/// # Errors
/// When they are over their limit or cannot be read.
pub(crate) fn measure(tools: &Tools) -> Result<()> {
    let size = mobile::size_of(&tools.root.join(PACKAGE).join("Sources"), "swift")?;
    println!("{:<24}{size:>10}{:>20}  raw {LIMIT}", "Swift, hand-written", "");
    if size > LIMIT {
        bail!("the Swift sources are {size} B, their limit is {LIMIT} B");
    }
    Ok(())
}
