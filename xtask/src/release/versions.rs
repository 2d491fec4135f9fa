//! One version for every package: `version` in Cargo.toml's `[workspace.package]`, and all files that repeat it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Each file that repeats the version, and how: `{}` stands for it. All places of one file that look so have it.
const PLACES: [(&str, &str); 19] = [
    ("Cargo.toml", "path = \"protocol\", version = \"{}\""),
    ("Cargo.toml", "path = \"sdk-rust\", version = \"{}\""),
    ("Cargo.toml", "path = \"sdk-rust/testing\", version = \"{}\""),
    (
        "sdk-wasm/npm/package.json",
        "\"name\": \"@transfer-status/client\",\n  \"version\": \"{}\"",
    ),
    (
        "sdk-wasm/npm/package-lock.json",
        "\"name\": \"@transfer-status/client\",\n  \"version\": \"{}\"",
    ),
    (
        "sdk-wasm/npm/package-lock.json",
        "\"name\": \"@transfer-status/client\",\n      \"version\": \"{}\"",
    ),
    (
        "examples/backends/node/package.json",
        "\"@transfer-status/client\": \"{}\"",
    ),
    (
        "sdk-mobile/kotlin/pom.xml",
        "<artifactId>transfer-status-parent</artifactId>\n  <version>{}</version>",
    ),
    (
        "sdk-mobile/kotlin/library/pom.xml",
        "<artifactId>transfer-status-parent</artifactId>\n    <version>{}</version>",
    ),
    (
        "examples/scanner-kotlin/pom.xml",
        "<artifactId>transfer-status-parent</artifactId>\n    <version>{}</version>",
    ),
    (
        "examples/adapters/kotlin/pom.xml",
        "<artifactId>transfer-status-parent</artifactId>\n    <version>{}</version>",
    ),
    ("sdk-mobile/kotlin/android/build.gradle.kts", "\nversion = \"{}\""),
    ("sdk-mobile/kotlin/README.md", "transfer-status-android:{}\")"),
    ("sdk-mobile/kotlin/README.md", "transfer-status:{}\")"),
    ("sdk-mobile/kotlin/README.md", "transfer-status-{}.jar"),
    ("xtask/release/rust/Cargo.toml", "transfer-status = \"={}\""),
    (
        "xtask/release/rust/Cargo.toml",
        "transfer-status-testing = \"={}\"",
    ),
    (
        "xtask/release/front-end/Cargo.toml",
        "transfer-status-wasm = \"={}\"",
    ),
    (
        "xtask/release/kotlin/pom.xml",
        "<transfer-status.version>{}</transfer-status.version>",
    ),
];

/// Where the version is, and the repository that every package names.
const CARGO: &str = "Cargo.toml";

/// Each file that repeats the repository's address.
const REPOSITORIES: [(&str, &str); 5] = [
    ("sdk-wasm/npm/package.json", "\"url\": \"git+{}.git\""),
    ("sdk-wasm/npm/package.json", "\"homepage\": \"{}#readme\""),
    ("sdk-wasm/npm/package.json", "\"bugs\": \"{}/issues\""),
    ("sdk-mobile/kotlin/pom.xml", "  <url>{}</url>"),
    ("sdk-mobile/kotlin/library/pom.xml", "  <url>{}</url>"),
];

/// The version, which every file agrees on.
///
/// # Errors
/// When one has another; the error names all that do.
pub(crate) fn check(root: &Path) -> Result<String> {
    let version = field(root, "version")?;
    let repository = field(root, "repository")?;
    let mut wrong = Vec::new();
    let all = PLACES.iter().map(|place| (place, &version));
    for ((file, form), value) in all.chain(REPOSITORIES.iter().map(|place| (place, &repository))) {
        let line = form.replace("{}", value);
        if !read(root, file)?.contains(&line) {
            wrong.push(format!("{file} does not say {}", line.trim()));
        }
    }
    if !wrong.is_empty() {
        bail!(
            "Cargo.toml has version {version} of {repository}, and {}: `cargo xtask release --set-version` writes the \
             version everywhere",
            wrong.join("; ")
        );
    }
    Ok(version)
}

/// Writes `version` into all files in place of the one that they have.
///
/// # Errors
/// When it is no version, or the files do not agree.
pub(super) fn set(root: &Path, version: &str) -> Result<()> {
    cargo_metadata::semver::Version::parse(version).with_context(|| format!("{version} is no version"))?;
    let old = check(root)?;
    let own = ("Cargo.toml", "\nversion = \"{}\"\n");
    for (file, form) in PLACES.iter().chain([&own]) {
        let text = read(root, file)?.replace(&form.replace("{}", &old), &form.replace("{}", version));
        fs::write(root.join(file), text).with_context(|| format!("cannot write {file}"))?;
    }
    println!(
        "release: {old} is {version} now; cargo writes it into Cargo.lock at its next run, and CHANGELOG.md is yours"
    );
    Ok(())
}

/// A tag names a version, and what is new in it has to be told by then.
///
/// # Errors
/// When the changelog has neither a section of this version nor, before it is tagged, one of what is unreleased.
pub(super) fn check_changelog(root: &Path, version: &str) -> Result<()> {
    let text = read(root, "CHANGELOG.md")?;
    let tag = std::env::var("GITHUB_REF_TYPE").is_ok_and(|kind| kind == "tag");
    let released = text.contains(&format!("\n## [{version}] - "));
    let name = std::env::var("GITHUB_REF_NAME").unwrap_or_default();
    if tag && name != format!("v{version}") {
        bail!("the tag is {name}, and the packages have version {version}");
    }
    match (released, tag) {
        (true, _) => println!("  CHANGELOG.md has a section of {version}"),
        (false, false) if text.contains("\n## [Unreleased]\n") => {
            println!(
                "  CHANGELOG.md has what is unreleased; before the tag, call it [{version}] with its date"
            );
        }
        _ => bail!("CHANGELOG.md has no section `## [{version}] - <date>`; write it before the tag"),
    }
    Ok(())
}

/// A field of `[workspace.package]`.
fn field(root: &Path, name: &str) -> Result<String> {
    let text = read(root, CARGO)?;
    let begin = format!("\n{name} = \"");
    let rest = text.split_once(&begin).map(|(_, rest)| rest);
    let value = rest
        .and_then(|rest| rest.split_once('"'))
        .map(|(value, _)| value.to_owned());
    value.with_context(|| format!("{CARGO} has no {name} in [workspace.package]"))
}

fn read(root: &Path, file: &str) -> Result<String> {
    fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// A copy of every file with a version in it.
    fn copy() -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for (file, _) in PLACES.iter().chain(&REPOSITORIES) {
            let to = copy.path().join(file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(root().join(file), to).unwrap();
        }
        copy
    }

    #[test]
    fn all_packages_have_one_version_and_one_repository() {
        check(&root()).unwrap();
    }

    #[test]
    fn a_package_that_was_left_behind_is_named() {
        let copy = copy();
        let version = check(copy.path()).unwrap();
        let pom = copy.path().join("sdk-mobile/kotlin/library/pom.xml");
        fs::write(&pom, fs::read_to_string(&pom).unwrap().replace(&version, "0.0.9")).unwrap();
        let error = check(copy.path()).unwrap_err().to_string();
        assert!(error.contains("sdk-mobile/kotlin/library/pom.xml"), "{error}");
    }

    #[test]
    fn a_new_version_is_written_everywhere() {
        let copy = copy();
        set(copy.path(), "7.8.9-rc.1").unwrap();
        assert_eq!(check(copy.path()).unwrap(), "7.8.9-rc.1");
        assert!(set(copy.path(), "seven").is_err());
    }
}
