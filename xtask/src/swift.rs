//! The Swift compiler of the tests: the machine's own, the distribution's, or that of a newer Debian in a folder.
//!
//! Debian has packages of Swift since its release 13. On an older one they are installed into a folder of the cache
//! that has a root file system of its own, made by debootstrap; a command enters it with the project at its usual
//! path, in a mount namespace that goes away with the command.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::debian;
use crate::process;
use crate::tools::Tools;

/// What runs `"$3"…` in folder `$2` of the root file system `$1`. The shell gives way to the program, so that signals
/// and the exit status are the program's own.
const ENTER: &str = r#"
root=$1 folder=$2; shift 2
for place in $BOUND; do
  [ -e "$place" ] || continue
  if [ -d "$place" ]; then mkdir -p "$root$place"; else mkdir -p "$root${place%/*}"; : >> "$root$place"; fi
  mount --rbind "$place" "$root$place" || exit
done
exec chroot "$root" env -u BOUND -C "$folder" "$@"
"#;

/// What a program in there sees of the machine beside the project and the cache.
const BOUND: &str = "/proc /dev /sys /tmp /etc/hosts /etc/resolv.conf";

/// Where its programs are in there.
const ROOTS_PATH: &str = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A Swift compiler that is installed.
pub(crate) struct Swift {
    /// The root file system that it is in; none for one on the PATH.
    root: Option<PathBuf>,
    /// Whether a program that it builds can read pictures.
    reads_pictures: bool,
}

impl Swift {
    /// The compiler, installed where the distribution has it, with what the scanner reads pictures by. `None`, after a
    /// notice, where it has to be installed by hand; with the variable `CI` that is an error. So it is for the pictures,
    /// without which the package is built all the same.
    ///
    /// # Errors
    /// When the packages cannot be installed.
    pub(crate) fn ensure(tools: &Tools) -> Result<Option<Self>> {
        if let Some(found) = Self::find(tools) {
            return Ok(Some(found));
        }
        let oldest = &tools.pins.mobile_tools.swift;
        if which::which("apt-get").is_err() {
            if is_on_path(tools) {
                return Self::without_pictures(tools, None).map(Some);
            }
            let notice = format!("Swift {oldest} or newer is missing: install it, with `swift` on the PATH");
            return process::missing(&notice).map(|()| None);
        }
        let _lock = tools.lock()?;
        if Self::find(tools).is_none()
            && let Err(error) = Self::install(tools)
        {
            if is_on_path(tools) {
                return Self::without_pictures(tools, Some(&error)).map(Some);
            }
            return Err(error.context(format!(
                "Swift {oldest} could not be installed: put a `swift` on the PATH, then try again"
            )));
        }
        let found = Self::find(tools);
        if found.is_none() {
            let notice =
                format!("the packages brought no Swift {oldest} or newer: put a `swift` on the PATH");
            process::missing(&notice)?;
        }
        Ok(found)
    }

    fn find(tools: &Tools) -> Option<Self> {
        if is_on_path(tools) && has_picture_libraries(tools) {
            return Some(Self {
                root: None,
                reads_pictures: true,
            });
        }
        let root = root_file_system(tools);
        let libraries = root.join(format!("usr/lib/{}/pkgconfig", debian_triple()));
        let mut names = tools.pins.mobile_tools.swift_picture_libraries.keys();
        names
            .all(|name| libraries.join(format!("{name}.pc")).exists())
            .then_some(Self {
                root: Some(root),
                reads_pictures: true,
            })
    }

    /// The one on the PATH, after a notice of what it lacks, and why that could not be installed.
    fn without_pictures(tools: &Tools, why: Option<&anyhow::Error>) -> Result<Self> {
        let libraries = listed(&tools.pins.mobile_tools.swift_picture_libraries);
        let why = why.map(|error| format!(" ({error:#})")).unwrap_or_default();
        process::missing(&format!(
            "for the Swift scanner, install {libraries}, so that pkg-config finds them{why}"
        ))?;
        Ok(Self {
            root: None,
            reads_pictures: false,
        })
    }

    /// Whether a program that it builds can read pictures: the scanner does, and the package does not.
    pub(crate) fn reads_pictures(&self) -> bool {
        self.reads_pictures
    }

    fn install(tools: &Tools) -> Result<()> {
        let pictures = &tools.pins.mobile_tools.swift_picture_packages;
        if is_on_path(tools) && debian::has(pictures) {
            debian::install(pictures)?;
            if has_picture_libraries(tools) {
                return Ok(());
            }
        }
        let compiler = &tools.pins.mobile_tools.swift_debian_packages;
        let packages = &[&compiler[..], pictures].concat();
        if debian::has(&compiler[..1]) {
            return debian::install(packages);
        }
        if root_file_system(tools).exists() {
            return add_to(&root_file_system(tools), packages);
        }
        if which::which("debootstrap").is_err() {
            debian::install(&["debootstrap".to_owned()])?;
        }
        let release = &tools.pins.mobile_tools.swift_debian_release;
        let root = root_file_system(tools);
        println!(
            "setup: debootstrap {release} with {} in {} (two minutes, 3.5 GB)",
            packages.join(" "),
            root.display()
        );
        // One that is half made never gets its final name.
        let draft = root.with_extension("draft");
        let make = format!(
            "rm -rf --one-file-system \"$1\" && mkdir -p \"$1\" && \
             debootstrap --variant=minbase --include={} {release} \"$1\" && rm -f \"$1\"/var/cache/apt/archives/*.deb && \
             chown \"$2\" \"$1\" \"$1/home\"",
            packages.join(",")
        );
        // A mount namespace of its own: what debootstrap mounts goes away with it.
        let mut sh = debian::as_root("unshare")?;
        sh.args(["--mount", "--propagation", "private", "sh", "-c", &make, "sh"])
            .arg(&draft)
            // Who enters makes the folders there that the project and the cache are seen at.
            .arg(process::output(Command::new("id").arg("-u"))?);
        process::output(&mut sh)?;
        let mut rename = debian::as_root("mv")?;
        process::output(rename.arg(&draft).arg(&root)).map(drop)
    }

    /// Where it is, for a report.
    pub(crate) fn place(&self) -> String {
        match &self.root {
            None => "the one on the PATH".to_owned(),
            Some(root) => root.display().to_string(),
        }
    }

    /// `program` (`swift`, say) in `folder`, which lies in the project.
    ///
    /// # Errors
    /// When a folder for it cannot be made.
    pub(crate) fn command(&self, tools: &Tools, program: &str, folder: &Path) -> Result<Command> {
        let Some(root) = &self.root else {
            let mut command = Command::new(program);
            command.current_dir(folder);
            return Ok(command);
        };
        let home = tools.root.join("target/swift-home");
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private"]);
        if !debian::is_root()? {
            command.arg("--map-root-user");
        }
        command.args(["sh", "-c", ENTER, "sh"]);
        command.arg(root).arg(folder).arg(program);
        command.env(
            "BOUND",
            format!("{BOUND} {} {}", tools.root.display(), tools.cache.display()),
        );
        // The machine's own PATH and home mean nothing in there.
        command.env("PATH", ROOTS_PATH);
        command.env("HOME", home);
        Ok(command)
    }

    /// The words before a program that was built here, so that it runs on this machine, outside of that folder:
    /// the very process that is started, with no launcher around it.
    pub(crate) fn runner(&self) -> Vec<String> {
        let Some(root) = &self.root else {
            return Vec::new();
        };
        let loader = match env::consts::ARCH {
            "aarch64" => "lib/ld-linux-aarch64.so.1",
            _ => "lib64/ld-linux-x86-64.so.2",
        };
        let folders = [format!("usr/lib/{}", debian_triple()), SWIFT_LIBRARIES.to_owned()];
        let folders = folders.map(|folder| root.join(folder).display().to_string());
        let loader = root.join(loader).display().to_string();
        vec![loader, "--library-path".to_owned(), folders.join(":")]
    }
}

/// Where Debian's packages have the runtime.
const SWIFT_LIBRARIES: &str = "usr/libexec/swift/lib/swift/linux";

/// What Debian calls the folders of this machine's libraries.
fn debian_triple() -> String {
    format!("{}-linux-gnu", env::consts::ARCH)
}

fn is_on_path(tools: &Tools) -> bool {
    let version = process::output(Command::new("swift").arg("--version")).ok();
    version.is_some_and(|version| version_of(&version) >= numbers(&tools.pins.mobile_tools.swift))
}

/// Whether a program that is built here can read pictures.
fn has_picture_libraries(tools: &Tools) -> bool {
    if cfg!(target_vendor = "apple") {
        return true;
    }
    let libraries = &tools.pins.mobile_tools.swift_picture_libraries;
    let wanted = libraries
        .iter()
        .map(|(name, oldest)| format!("{name} >= {oldest}"));
    process::output(Command::new("pkg-config").arg("--exists").args(wanted)).is_ok()
}

/// Installs what is missing of `packages` in a root file system that is there already.
fn add_to(root: &Path, packages: &[String]) -> Result<()> {
    println!(
        "setup: apt-get install {} in {}",
        packages.join(" "),
        root.display()
    );
    let install =
        "apt-get -qq update && apt-get -qq install -y --no-install-recommends \"$@\" && apt-get clean";
    // By `env`, as sudo keeps no variables.
    let mut enter = debian::as_root("env")?;
    enter.arg(format!("BOUND={BOUND}"));
    enter.args([&format!("PATH={ROOTS_PATH}"), "DEBIAN_FRONTEND=noninteractive"]);
    enter.args([
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        ENTER,
        "sh",
    ]);
    enter
        .arg(root)
        .args(["/", "sh", "-c", install, "sh"])
        .args(packages);
    process::output(&mut enter).map(drop)
}

fn root_file_system(tools: &Tools) -> PathBuf {
    let mobile = &tools.pins.mobile_tools;
    tools.cache.join("swift").join(format!(
        "debian-{}-{}",
        mobile.swift_debian_release,
        env::consts::ARCH
    ))
}

/// Each with its oldest version, for a sentence.
fn listed(libraries: &BTreeMap<String, String>) -> String {
    let each = libraries.iter().map(|(name, oldest)| format!("{name} {oldest}"));
    each.collect::<Vec<_>>().join(", ")
}

/// Major and minor in what `swift --version` prints.
fn version_of(text: &str) -> (u32, u32) {
    let after = text.split("Swift version ").nth(1).unwrap_or_default();
    numbers(after)
}

/// Major and minor of a version such as `6.0.3`.
fn numbers(version: &str) -> (u32, u32) {
    let mut parts = version
        .split(|letter: char| !letter.is_ascii_digit())
        .map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_swift_is_told_from_a_new_one() {
        let linux = "Swift version 6.0.3 (swift-6.0.3-RELEASE)\nTarget: x86_64-unknown-linux-gnu";
        let apple = "swift-driver version: 1.115 Apple Swift version 5.10.1 (swiftlang-5.10.0.13 clang-1500)";
        assert!(version_of(linux) >= numbers("6.0"));
        assert!(version_of(apple) < numbers("6.0"));
        assert_eq!(version_of("command not found"), (0, 0));
    }
}
