//! The Kotlin compiler of the tests: Maven brings it, so what is installed here is a JDK, Maven and its plugins.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::debian;
use crate::mobile::{self, For};
use crate::process;
use crate::tools::Tools;

/// The Maven project of the Kotlin library and all that is built on it, from the repository's root.
pub(crate) const PROJECT: &str = "sdk-mobile/kotlin";

/// What the hand-written sources may weigh, in bytes.
const SOURCES: u64 = 150 * 1024;

/// What the classes may weigh in the jar, each deflated by itself, without the native library and without JNA. More than
/// half are names, which each class file repeats and an app's DEX has once.
const CLASSES: usize = 150 * 1024;

/// Where Maven puts the classes that go into the jar, which are those that the tests run.
const SHRUNK: &str = "transfer-status/shrunk";

/// A JDK and Maven that are installed.
pub(crate) struct Kotlin {
    maven: PathBuf,
}

impl Kotlin {
    /// JDK, Maven, and what the project's build needs from Maven Central. `None`, after a notice, where they have to
    /// be installed by hand; with the variable `CI` that is an error.
    ///
    /// # Errors
    /// When something cannot be installed.
    pub(crate) fn ensure(tools: &Tools) -> Result<Option<Self>> {
        let mut missing = missing_programs(tools);
        if !missing.is_empty() && which::which("apt-get").is_ok() {
            let _lock = tools.lock()?;
            debian::install(&tools.pins.mobile_tools.kotlin_debian_packages)
                .context("a JDK and Maven could not be installed")?;
            missing = missing_programs(tools);
        }
        if !missing.is_empty() {
            process::missing(&format!("for Kotlin, install {}", missing.join(" and ")))?;
            return Ok(None);
        }
        check_pins(tools)?;
        let maven =
            which::which("mvn").context("Maven is missing: install it so that `mvn` is on the PATH")?;
        let kotlin = Self { maven };
        kotlin.fetch(tools)?;
        Ok(Some(kotlin))
    }

    /// Has Maven fetch the compiler and the libraries, unless those very ones were fetched before.
    fn fetch(&self, tools: &Tools) -> Result<()> {
        let project = tools.root.join(PROJECT);
        let wanted = [
            fs::read(project.join("pom.xml"))?,
            fs::read(project.join("library/pom.xml"))?,
        ]
        .concat();
        let stamp = border(tools, For::Tests).join(".fetched");
        if fs::read(&stamp).is_ok_and(|fetched| fetched == wanted) {
            return Ok(());
        }
        println!("setup: mvn dependency:go-offline in {PROJECT}");
        let mut maven = self.maven(tools, For::Tests);
        maven.args([
            "--quiet",
            "dependency:go-offline",
            "--projects",
            "library",
            "--also-make",
        ]);
        process::output(&mut maven).context("the Kotlin compiler could not be fetched")?;
        fs::create_dir_all(border(tools, For::Tests))?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
    }

    /// Where Maven is, for a report.
    pub(crate) fn place(&self) -> &Path {
        &self.maven
    }
}

impl Kotlin {
    /// Builds the native library, and lays it and the generated half where Maven's build looks for them.
    ///
    /// # Errors
    /// When a build fails.
    pub(crate) fn prepare(&self, tools: &Tools, purpose: For) -> Result<()> {
        let library = mobile::library(tools, purpose)?;
        let border = border(tools, purpose);
        mobile::bindings(tools, "kotlin", &library, &border.join("generated"))?;
        // Maven leaves the classes there of sources that are gone, and would ship them.
        for classes in ["classes", "test-classes"] {
            let folder = border.join("transfer-status").join(classes);
            if folder.exists() {
                fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
            }
        }
        let name = library.file_name().context("the library has no name")?;
        let native = border.join("native").join(jna_platform()).join(name);
        match purpose {
            For::Release | For::Bench => mobile::strip(&library, &native),
            For::Tests => {
                let folder = native.parent().context("the library has no folder")?;
                fs::create_dir_all(folder)?;
                fs::copy(&library, &native)
                    .map(drop)
                    .with_context(|| format!("cannot write {}", native.display()))
            }
        }
    }

    /// Maven on the library and all that is built on it, quiet and without questions, after [`Kotlin::prepare`].
    pub(crate) fn maven(&self, tools: &Tools, purpose: For) -> Command {
        let mut maven = Command::new(&self.maven);
        maven
            .args(["--batch-mode", "--no-transfer-progress"])
            .arg(format!("-Dborder.directory={}", border(tools, purpose).display()))
            .current_dir(tools.root.join(PROJECT));
        if purpose != For::Release {
            // They call some of the generated half, which would be left out.
            maven.arg("-Dshrink.roots=tests.pro");
        }
        maven
    }

    /// Builds a program on the library that is built for tests, and returns the words that run it.
    ///
    /// # Errors
    /// When a build fails.
    pub(crate) fn build(&self, tools: &Tools, module: &str, program: &str) -> Result<Vec<String>> {
        self.prepare(tools, For::Tests)?;
        let mut maven = self.maven(tools, For::Tests);
        maven
            .args(["--quiet", "package", "-DskipTests", "--also-make", "--projects"])
            .arg(format!(":{module}"));
        process::run(&mut maven)?;
        Ok(Self::program(tools, For::Tests, module, program))
    }

    /// The words that run `program`, which Maven has packaged in the module `module` with what it needs.
    fn program(tools: &Tools, purpose: For, module: &str, program: &str) -> Vec<String> {
        let border = border(tools, purpose);
        let jar = border.join(module).join("program").join(format!("{program}.jar"));
        let native = border.join("native").join(jna_platform());
        let words = [
            "java".to_owned(),
            // Many may run at a time, each mostly idle.
            "-Xmx64m".to_owned(),
            "-XX:+UseSerialGC".to_owned(),
            "-XX:TieredStopAtLevel=1".to_owned(),
            format!("-Djna.library.path={}", native.display()),
            "-jar".to_owned(),
            jar.display().to_string(),
        ];
        words.to_vec()
    }
}

/// Builds the library as it ships, and the programs that are built on it, and returns the library's folder.
///
/// # Errors
/// When JDK or Maven is missing, or a build fails.
pub(crate) fn package(tools: &Tools) -> Result<PathBuf> {
    let kotlin = Kotlin::ensure(tools)?.context("JDK or Maven is missing")?;
    kotlin.prepare(tools, For::Release)?;
    let mut maven = kotlin.maven(tools, For::Release);
    // Its tests need the library that is built for them.
    maven.args(["--quiet", "package", "-Dmaven.test.skip=true"]);
    process::run(&mut maven)?;
    measure(tools)?;
    let border = border(tools, For::Release);
    measure_classes(tools, For::Release)?;
    let native = border
        .join("native")
        .join(jna_platform())
        .join(mobile::file_name());
    mobile::measure(&native)?;
    Ok(border.join("transfer-status"))
}

/// Prints the size of the sources that ship, and fails when there are too many.
///
/// # Errors
/// When they are over their limit or cannot be read.
pub(crate) fn measure(tools: &Tools) -> Result<()> {
    let size = mobile::size_of(&tools.root.join(PROJECT).join("library/src/main"), "kt")?;
    println!(
        "{:<24}{size:>10}{:>20}  raw {SOURCES}",
        "Kotlin, hand-written", ""
    );
    if size > SOURCES {
        bail!("the Kotlin sources are {size} B, their limit is {SOURCES} B");
    }
    Ok(())
}

/// Prints the size of the classes that were built for `purpose`, as the jar has them, and fails when there are too many.
///
/// # Errors
/// When they are over their limit or cannot be read.
pub(crate) fn measure_classes(tools: &Tools, purpose: For) -> Result<()> {
    let mut size = 0;
    let folder = border(tools, purpose).join(SHRUNK);
    for file in mobile::files(&folder, "class")? {
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
        deflate.write_all(&fs::read(file)?)?;
        size += deflate.finish()?.len();
    }
    println!(
        "{:<24}{size:>10}{:>20}  deflated {CLASSES}",
        "Kotlin, classes", ""
    );
    if size > CLASSES {
        bail!("the Kotlin classes are {size} B, their limit is {CLASSES} B");
    }
    Ok(())
}

/// Measures what crossing the border costs, on the library as it ships, and fails when it costs too much.
///
/// # Errors
/// When a build fails, or what was measured is over its limit.
pub(crate) fn bench(tools: &Tools) -> Result<()> {
    let kotlin = Kotlin::ensure(tools)?.context("JDK or Maven is missing")?;
    kotlin.prepare(tools, For::Tests)?;
    let mut maven = kotlin.maven(tools, For::Tests);
    maven.args([
        "--quiet",
        "test-compile",
        "dependency:build-classpath",
        "--projects",
        "library",
    ]);
    let classpath = border(tools, For::Tests).join("classpath");
    maven.arg(format!("-Dmdep.outputFile={}", classpath.display()));
    process::run(&mut maven)?;
    let native = border(tools, For::Bench).join("native").join(jna_platform());
    let library = mobile::library(tools, For::Bench)?;
    let name = library.file_name().context("the library has no name")?;
    mobile::strip(&library, &native.join(name))?;
    let classes = border(tools, For::Tests).join("transfer-status");
    let others = fs::read_to_string(&classpath)?;
    let mut java = Command::new("java");
    java.arg("-Xmx512m")
        .arg(format!("-Djna.library.path={}", native.display()))
        .arg("-cp")
        .arg(format!(
            "{}:{}:{}",
            classes.join("test-classes").display(),
            border(tools, For::Tests).join(SHRUNK).display(),
            others.trim()
        ))
        .arg("dev.transferstatus.BenchKt")
        // One count for the memory of all threads.
        .env("MALLOC_ARENA_MAX", "1");
    process::run(&mut java)
}

/// Where everything of a build is.
fn border(tools: &Tools, purpose: For) -> PathBuf {
    let name = match purpose {
        For::Tests => "kotlin",
        For::Release => "kotlin-release",
        For::Bench => "kotlin-bench",
    };
    tools.root.join("target").join(name)
}

/// The folder in which JNA looks for this machine's libraries.
fn jna_platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "x86-64",
        other => other,
    };
    format!("{system}-{processor}")
}

fn missing_programs(tools: &Tools) -> Vec<String> {
    let pins = &tools.pins.mobile_tools;
    let mut missing = Vec::new();
    if !has_jdk(pins.jdk) {
        missing.push(format!(
            "a JDK {} or newer (JAVA_HOME, or `javac` on the PATH)",
            pins.jdk
        ));
    }
    if which::which("mvn").is_err() {
        missing.push("Maven 3.8 or newer (`mvn` on the PATH)".to_owned());
    }
    missing
}

/// Whether the compiler that Maven would take is new enough.
fn has_jdk(oldest: u32) -> bool {
    let home = std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
    let javac = home.map_or_else(
        || PathBuf::from("javac"),
        |home| PathBuf::from(home).join("bin/javac"),
    );
    process::output(Command::new(javac).arg("-version")).is_ok_and(|version| major(&version) >= oldest)
}

/// The major version in what `javac -version` prints.
fn major(text: &str) -> u32 {
    let number = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let number = number.split(|letter: char| !letter.is_ascii_digit()).next();
    number.unwrap_or_default().parse().unwrap_or(0)
}

/// Maven reads its versions from pom.xml alone, so the pinned ones are held against it.
fn check_pins(tools: &Tools) -> Result<()> {
    let file = tools.root.join(PROJECT).join("pom.xml");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    for (name, version) in &tools.pins.mobile_tools.maven {
        let line = format!("<{name}.version>{version}</{name}.version>");
        if !text.contains(&line) {
            bail!(
                "xtask/tools/package.json pins {name} {version} for Maven, {} has another: make them equal",
                file.display()
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_jdk_is_told_from_a_new_one() {
        assert_eq!(major("javac 17.0.15"), 17);
        assert_eq!(major("javac 21"), 21);
        assert!(major("javac 1.8.0_402") < 17);
        assert_eq!(major("not a version"), 0);
    }
}
