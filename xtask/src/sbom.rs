//! `cargo xtask sbom`: what each artefact that ships is made of, in CycloneDX 1.6, read out of the lock files.
//!
//! The same source gives the same files, so they hold neither a time nor a random number. npm writes its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::tools::Tools;
use crate::{npm, process};

/// A crate that ships, and where it runs: an artefact for one platform has nothing of the others'.
const ARTEFACTS: [(&str, Option<&str>); 5] = [
    ("transfer-status-server", Some(WASM)),
    ("transfer-status-session-wasm", Some(WASM)),
    ("transfer-status", None),
    ("transfer-status-wasm", Some(WASM)),
    ("transfer-status-mobile", None),
];

const WASM: &str = "wasm32-unknown-unknown";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the files go
    #[arg(long, default_value = "target/sbom")]
    out: PathBuf,
}

/// Writes a file for each artefact and prints its name.
///
/// # Errors
/// When a lock file is out of date, or a file cannot be written.
pub(crate) fn run(args: &Args) -> Result<()> {
    let tools = Tools::load()?;
    let folder = tools.root.join(&args.out);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let lock = fs::read_to_string(tools.root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let checksums = checksums(&lock)?;
    let metadata = MetadataCommand::new()
        .current_dir(&tools.root)
        .other_options(["--locked".to_owned()])
        .exec()?;
    for (artefact, platform) in ARTEFACTS {
        let tree = process::output(Command::new("cargo").current_dir(&tools.root).args([
            "tree",
            "--locked",
            "--package",
            artefact,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--target",
            platform.unwrap_or("all"),
        ]))?;
        let bom = bom(&metadata, &compiled(&tree), &checksums, artefact)?;
        write(&folder, artefact, &serde_json::to_string_pretty(&bom)?)?;
    }
    let package = tools.root.join(npm::PACKAGE);
    let mut npm: Command = npm::npm(&tools, &package)?;
    npm.args([
        "sbom",
        "--sbom-format=cyclonedx",
        "--package-lock-only",
        "--omit=dev",
        "--sbom-type=library",
    ]);
    write(&folder, "transfer-status-npm", &process::output(&mut npm)?)
}

fn write(folder: &Path, artefact: &str, text: &str) -> Result<()> {
    let file = folder.join(format!("{artefact}.cdx.json"));
    fs::write(&file, format!("{text}\n")).with_context(|| format!("cannot write {}", file.display()))?;
    println!("{}", file.display());
    Ok(())
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// A crate's name and version to the SHA-256 of its archive, for those that come from the registry.
type Checksums = BTreeMap<(String, String), String>;

fn checksums(lock: &str) -> Result<Checksums> {
    let lock: Lock = toml::from_str(lock).context("cannot use Cargo.lock")?;
    let known = lock
        .package
        .into_iter()
        .filter_map(|it| Some(((it.name, it.version), it.checksum?)));
    Ok(known.collect())
}

/// The crates in what `cargo tree` prints, by name and version. `cargo metadata` unites the features of the whole workspace,
/// and so names crates that an artefact has nothing of; the tree of one package does not.
fn compiled(tree: &str) -> BTreeSet<(String, String)> {
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let name = words.next()?;
        Some((name.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    });
    crates.collect()
}

/// The bill of materials of the crate `artefact`: what is compiled into it or makes its code, not what tests it or runs in
/// its build scripts.
fn bom(
    metadata: &Metadata,
    compiled: &BTreeSet<(String, String)>,
    checksums: &Checksums,
    artefact: &str,
) -> Result<Value> {
    let resolve = metadata.resolve.as_ref().context("cargo resolves nothing")?;
    let packages: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .filter(|package| compiled.contains(&key(package)))
        .map(|package| (&package.id, package))
        .collect();
    let root = metadata
        .packages
        .iter()
        .find(|package| *package.name == artefact && package.source.is_none());
    let root = root.with_context(|| format!("the workspace has no crate {artefact}"))?;
    let uses = |id: &PackageId| -> BTreeSet<&PackageId> {
        let node = resolve.nodes.iter().find(|node| node.id == *id);
        let normal = node.into_iter().flat_map(|node| &node.deps).filter(|dep| {
            dep.dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal)
        });
        normal
            .map(|dep| &dep.pkg)
            .filter(|id| packages.contains_key(id))
            .collect()
    };
    let mut components = BTreeSet::new();
    let mut next = vec![&root.id];
    let mut dependencies = Vec::new();
    while let Some(id) = next.pop() {
        if !components.insert(id) {
            continue;
        }
        let uses = uses(id);
        let name = |id: &PackageId| packages.get(id).map(|package| reference(package));
        dependencies.push(json!({ "ref": name(id), "dependsOn": uses.iter().filter_map(|id| name(id)).collect::<BTreeSet<_>>() }));
        next.extend(uses);
    }
    components.remove(&root.id);
    dependencies.sort_by_key(|entry| entry["ref"].as_str().map(ToOwned::to_owned));
    let components = components.into_iter().filter_map(|id| packages.get(id));
    let mut components: Vec<_> = components.map(|package| component(package, checksums)).collect();
    components.sort_by_key(|entry| entry["bom-ref"].as_str().map(ToOwned::to_owned));
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component(root, checksums) },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn key(package: &Package) -> (String, String) {
    (package.name.to_string(), package.version.to_string())
}

/// The crate's package URL, which names it here too.
fn reference(package: &Package) -> String {
    format!(
        "pkg:cargo/{}@{}",
        package.name,
        package.version.to_string().replace('+', "%2B")
    )
}

fn component(package: &Package, checksums: &Checksums) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": package.name,
        "version": package.version,
        "purl": reference(package),
    });
    if let Some(checksum) = checksums.get(&key(package)) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if let Some(licence) = &package.license {
        // Old manifests have a slash for "or".
        component["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artefact_lists_what_is_in_it_and_not_what_tests_or_builds_it() {
        let package = |name: &str, source: Option<&str>| {
            json!({
                "name": name, "version": "1.0.0+a", "id": name, "source": source, "license": "MIT/ISC", "dependencies": [],
                "targets": [], "features": {}, "manifest_path": "/Cargo.toml", "authors": [], "categories": [], "keywords": [],
            })
        };
        let uses = |name: &str, kind: Option<&str>| json!({ "name": name, "pkg": name, "dep_kinds": [{ "kind": kind, "target": null }] });
        let node = |id: &str, deps: Vec<Value>| json!({ "id": id, "deps": deps, "dependencies": [], "features": [] });
        let registry = Some("registry+https://example.com");
        let metadata = serde_json::from_value(json!({
            "packages": [package("ours", None), package("theirs", registry), package("deep", registry),
                         package("tests", registry), package("builds", registry),
                         package("other-feature", registry)],
            "workspace_members": ["ours"],
            "resolve": { "root": null, "nodes": [
                node("ours", vec![uses("theirs", None), uses("tests", Some("dev")), uses("builds", Some("build"))]),
                node("theirs", vec![uses("deep", None), uses("other-feature", None)]), node("deep", vec![]), node("tests", vec![]), node("builds", vec![]),
                node("other-feature", vec![]),
            ]},
            "target_directory": "/", "version": 1, "workspace_root": "/", "metadata": null,
        }))
        .unwrap();
        let lock = "[[package]]\nname = \"ours\"\nversion = \"1.0.0+a\"\n\n\
                    [[package]]\nname = \"deep\"\nversion = \"1.0.0+a\"\nchecksum = \"ab\"\n";
        let tree = "ours v1.0.0+a (/ours)\ntheirs v1.0.0+a\ndeep v1.0.0+a\ntheirs v1.0.0+a (*)\n";
        let bom = bom(&metadata, &compiled(tree), &checksums(lock).unwrap(), "ours").unwrap();
        assert_eq!(bom["metadata"]["component"]["name"], "ours");
        let names: Vec<_> = bom["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].clone())
            .collect();
        assert_eq!(names, ["deep", "theirs"]);
        assert_eq!(
            bom["components"][0]["hashes"],
            json!([{ "alg": "SHA-256", "content": "ab" }])
        );
        assert_eq!(
            bom["components"][0]["licenses"],
            json!([{ "expression": "MIT OR ISC" }])
        );
        let theirs = "pkg:cargo/theirs@1.0.0%2Ba";
        let ours = json!({ "ref": "pkg:cargo/ours@1.0.0%2Ba", "dependsOn": [theirs] });
        assert!(bom["dependencies"].as_array().unwrap().contains(&ours));
    }
}
