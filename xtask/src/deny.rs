//! `cargo xtask deny`: what `deny.toml` says of licences, bans and sources, held without a network and within a second.
//!
//! cargo-deny reads the same file, and looks advisories up besides: `cargo xtask audit` runs it. It takes minutes to
//! build, so what every change has to pass is held here, by the same author's crate for licences. A rule that this does
//! not know is an error: nothing in the file goes unheld in silence.

use std::fs;

use anyhow::{Context, Result, bail};
use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::audit;
use crate::tools::Tools;

/// Where crates come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// `deny.toml`, without what it says of advisories and of the graph.
#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Licenses {
    allow: Vec<String>,
    private: Private,
    #[allow(
        dead_code,
        reason = "for who reads licence files; here the manifest's word is taken"
    )]
    confidence_threshold: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Private {
    ignore: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Bans {
    deny: Vec<Banned>,
    #[allow(dead_code, reason = "a warning, which cargo-deny prints")]
    multiple_versions: Warn,
    wildcards: Deny,
    allow_wildcard_paths: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Sources {
    unknown_registry: Deny,
    unknown_git: Deny,
}

/// The one level that is held; another in its place is an error.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Deny {
    Deny,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Warn {
    Warn,
}

/// Prints each fault, and fails when there is one.
///
/// # Errors
/// When a dependency breaks a rule, or the rules cannot be read.
pub(crate) fn run() -> Result<()> {
    let root = Tools::load()?.root;
    let file = root.join("deny.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let policy = policy(&text)?;
    let mut faults = Vec::new();
    let mut looked_at = 0;
    for folder in audit::WORKSPACES.map(|folder| root.join(folder)) {
        let metadata = MetadataCommand::new()
            .current_dir(&folder)
            .features(CargoOpt::AllFeatures)
            .other_options(["--locked".to_owned()])
            .exec()?;
        looked_at += metadata.packages.len();
        faults.append(&mut policy.faults(&metadata)?);
    }
    for fault in &faults {
        println!("deny: {fault}");
    }
    if !faults.is_empty() {
        bail!(
            "{} faults: leave the crate out, or change deny.toml",
            faults.len()
        );
    }
    println!("deny: {looked_at} crates keep to deny.toml");
    Ok(())
}

fn policy(text: &str) -> Result<Policy> {
    toml::from_str(text).context("deny.toml says what `cargo xtask deny` does not hold")
}

impl Policy {
    fn faults(&self, metadata: &Metadata) -> Result<Vec<String>> {
        // Levels other than `deny` are not read, so these are what is held.
        let (Deny::Deny, Deny::Deny, Deny::Deny) = (
            &self.bans.wildcards,
            &self.sources.unknown_registry,
            &self.sources.unknown_git,
        );
        let allowed = self.allowed()?;
        let mut faults = Vec::new();
        for package in &metadata.packages {
            let name = format!("{} {}", package.name, package.version);
            if !self.is_private(package)
                && let Some(fault) = licence_fault(package, &allowed)
            {
                faults.push(format!("{name} {fault}"));
            }
            if let Some(source) = package.source.as_ref().filter(|source| source.repr != REGISTRY) {
                faults.push(format!("{name} comes from {source}"));
            }
            if self.bans.deny.iter().any(|banned| banned.name == *package.name) {
                faults.push(format!("{name} is banned"));
            }
            if package.source.is_none() {
                faults.extend(
                    self.wildcards(package)
                        .map(|wildcard| format!("{name} {wildcard}")),
                );
            }
        }
        Ok(faults)
    }

    fn allowed(&self) -> Result<Vec<Licensee>> {
        let licences = self.licenses.allow.iter();
        let licences =
            licences.map(|name| Licensee::parse(name).with_context(|| format!("no licence: {name}")));
        licences.collect()
    }

    fn is_private(&self, package: &Package) -> bool {
        // `publish = false` is an empty list of registries.
        self.licenses.private.ignore && package.publish.as_ref().is_some_and(Vec::is_empty)
    }

    fn wildcards<'a>(&self, package: &'a Package) -> impl Iterator<Item = String> + use<'a> {
        let paths_may = self.bans.allow_wildcard_paths;
        let wild = package.dependencies.iter().filter(move |dependency| {
            let is_any = dependency.req == cargo_metadata::semver::VersionReq::STAR;
            is_any && !(paths_may && dependency.path.is_some())
        });
        wild.map(|dependency| format!("takes any version of {}", dependency.name))
    }
}

/// What is wrong with a crate's licence.
fn licence_fault(package: &Package, allowed: &[Licensee]) -> Option<String> {
    let Some(licence) = &package.license else {
        return Some("names no licence".to_owned());
    };
    // Old manifests have a slash for "or".
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
        return Some(format!("has a licence that cannot be read: {licence}"));
    };
    let is_allowed = expression.evaluate(|wanted| allowed.iter().any(|licence| licence.satisfies(wanted)));
    (!is_allowed).then(|| format!("has the licence {licence}, which is not in the list"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const RULES: &str = include_str!("../../deny.toml");

    fn faults(of: Value) -> Vec<String> {
        let mut package = json!({
            "name": "theirs", "version": "1.0.0", "id": "theirs", "source": REGISTRY, "license": "MIT", "dependencies": [],
            "targets": [], "features": {}, "manifest_path": "/Cargo.toml", "authors": [], "categories": [], "keywords": [],
        });
        for (name, value) in of.as_object().unwrap() {
            package[name] = value.clone();
        }
        let metadata = serde_json::from_value(json!({
            "packages": [package], "workspace_members": [], "target_directory": "/", "version": 1, "workspace_root": "/",
            "metadata": null, "resolve": null,
        }));
        policy(RULES).unwrap().faults(&metadata.unwrap()).unwrap()
    }

    #[test]
    fn a_crate_under_a_listed_licence_is_taken_whichever_way_it_says_so() {
        for licence in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(MIT AND ISC) OR LGPL-2.1",
        ] {
            assert_eq!(faults(json!({ "license": licence })), [""; 0], "{licence}");
        }
    }

    #[test]
    fn a_crate_under_another_licence_or_none_is_not() {
        for licence in [
            json!("GPL-3.0"),
            json!("MIT AND GPL-3.0"),
            json!("whatever"),
            Value::Null,
        ] {
            assert_eq!(faults(json!({ "license": licence })).len(), 1, "{licence}");
        }
        let own = json!({ "license": "GPL-3.0", "source": null, "publish": [] });
        assert_eq!(faults(own), [""; 0], "a crate that nobody publishes");
    }

    #[test]
    fn a_crate_from_elsewhere_or_banned_is_not() {
        for source in [
            "git+https://example.com/a#1",
            "registry+https://example.com/index",
        ] {
            assert_eq!(faults(json!({ "source": source })).len(), 1, "{source}");
        }
        assert_eq!(faults(json!({ "name": "openssl" })), ["openssl 1.0.0 is banned"]);
    }

    #[test]
    fn any_version_is_taken_of_what_lies_here_alone() {
        let takes = |path: Value| {
            let any = json!({
                "name": "other", "source": null, "req": "*", "kind": null, "optional": false, "features": [],
                "uses_default_features": true, "target": null, "path": path,
            });
            faults(json!({ "source": null, "dependencies": [any] }))
        };
        assert_eq!(takes(json!("/other")), [""; 0]);
        assert_eq!(takes(Value::Null), ["theirs 1.0.0 takes any version of other"]);
    }

    #[test]
    fn a_rule_that_is_not_held_is_an_error() {
        let unheld = RULES.replace("[bans]", "[bans]\nhighlight = \"all\"");
        assert!(policy(&unheld).is_err());
        assert!(policy(&RULES.replace("unknown-git = \"deny\"", "unknown-git = \"warn\"")).is_err());
    }
}
