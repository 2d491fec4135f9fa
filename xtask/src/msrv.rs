//! `cargo xtask msrv`: the `rust-version` of each crate, against those of all that it is built from.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::Version;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

use crate::tools::Tools;

/// Prints what each crate promises and what asks for it, and fails when a dependency asks for more.
///
/// With all features and for all platforms. What the crate's own source needs is for the compiler to say, and for
/// clippy's `incompatible_msrv`, which goes by the same `rust-version`.
pub(crate) fn run() -> Result<()> {
    let root = Tools::load()?.root;
    let metadata = MetadataCommand::new()
        .current_dir(&root)
        .features(cargo_metadata::CargoOpt::AllFeatures)
        .exec()?;
    let mut wrong = 0;
    for (name, promised, below) in crates(&metadata)? {
        let highest = below.iter().next_back();
        for (asked, dependency) in below.iter().filter(|(asked, _)| *asked > promised) {
            println!("msrv: {name} promises Rust {promised}, and {dependency} asks for {asked}");
            wrong += 1;
        }
        if let Some((asked, dependency)) = highest.filter(|(asked, _)| *asked <= promised) {
            println!("msrv: {name:<28} {promised}; of all below it {dependency} asks for most, {asked}");
        }
    }
    if wrong > 0 {
        bail!(
            "{wrong} dependencies ask for a newer Rust than their crate promises: lock older ones, or raise `rust-version`"
        );
    }
    Ok(())
}

/// What other crates ask for, by the Rust, and which crate does.
type Asked = BTreeSet<(Version, String)>;

/// Each crate of the workspace, the Rust that it promises, and what all below it ask for.
fn crates(metadata: &Metadata) -> Result<Vec<(&str, Version, Asked)>> {
    let resolve = metadata.resolve.as_ref().context("cargo resolves nothing")?;
    let packages: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package))
        .collect();
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut crates = Vec::new();
    for member in metadata.workspace_packages() {
        let promised = member
            .rust_version
            .clone()
            .with_context(|| format!("{} names no rust-version", member.name))?;
        let mut below: BTreeSet<&PackageId> = BTreeSet::new();
        let mut next = vec![&member.id];
        while let Some(id) = next.pop() {
            let built_from = nodes
                .get(id)
                .into_iter()
                .flat_map(|node| &node.deps)
                .filter(|dep| {
                    let mut kinds = dep.dep_kinds.iter().map(|info| info.kind);
                    kinds.any(|kind| kind != DependencyKind::Development)
                });
            next.extend(built_from.map(|dep| &dep.pkg).filter(|id| below.insert(id)));
        }
        let asked = below
            .into_iter()
            .filter_map(|id| packages.get(id))
            .filter_map(|package| {
                let asked = package.rust_version.clone()?;
                Some((asked, format!("{} {}", package.name, package.version)))
            })
            .collect();
        crates.push((member.name.as_str(), promised, asked));
    }
    Ok(crates)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate that is built from another, which asks for `asked`; its tests use one that asks for more.
    fn metadata(asked: &str) -> Metadata {
        let package = |name: &str, rust: &str| {
            serde_json::json!({
                "name": name, "version": "1.0.0", "id": name, "rust_version": rust, "dependencies": [], "targets": [],
                "features": {}, "manifest_path": "/Cargo.toml", "authors": [], "categories": [], "keywords": [],
            })
        };
        let uses = |name: &str, kind: Option<&str>| serde_json::json!({ "name": name, "pkg": name, "dep_kinds": [{ "kind": kind, "target": null }] });
        let node = |id: &str, deps: Vec<serde_json::Value>| serde_json::json!({ "id": id, "deps": deps, "dependencies": [], "features": [] });
        serde_json::from_value(serde_json::json!({
            "packages": [package("ours", "1.88"), package("theirs", asked), package("of-tests", "1.99")],
            "workspace_members": ["ours"],
            "resolve": { "root": null, "nodes": [
                node("ours", vec![uses("theirs", None), uses("of-tests", Some("dev"))]),
                node("theirs", vec![]), node("of-tests", vec![]),
            ]},
            "target_directory": "/", "version": 1, "workspace_root": "/", "metadata": null,
        }))
        .unwrap()
    }

    #[test]
    fn what_a_crate_is_built_from_counts_and_what_tests_it_does_not() {
        let metadata = metadata("1.87");
        let found = crates(&metadata).unwrap();
        let version = |minor| Version::new(1, minor, 0);
        let below = BTreeSet::from([(version(87), "theirs 1.0.0".to_owned())]);
        assert_eq!(found, [("ours", version(88), below)]);
    }
}
