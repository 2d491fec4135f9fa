//! What cargo resolves for one crate alone: everything below `protocol`, and the features of it that reach a client.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::crates::Member;
use crate::process;

/// The start of the names of crates that `protocol` keeps clear of, at any depth.
const NOT_BELOW_PROTOCOL: [&str; 5] = ["tokio", "worker", "wasm-bindgen", "js-sys", "uniffi"];

/// Crates that run where no secret may be.
const WITHOUT_SECRETS: [&str; 2] = ["sdk-wasm", "sdk-mobile"];

/// One line for each crate or feature that is where it must not be.
///
/// # Errors
/// When `cargo tree` fails.
pub(crate) fn complaints(root: &Path, members: &[Member]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for member in members {
        if member.folder == "protocol" {
            wrong.extend(foreign_to_protocol(&tree(
                root,
                &member.name,
                &["--all-features"],
            )?));
        }
        if WITHOUT_SECRETS
            .iter()
            .any(|folder| member.folder.starts_with(folder))
        {
            wrong.extend(able_to_sign(
                &member.folder,
                &tree(root, &member.name, &["--all-features"])?,
            ));
        }
    }
    Ok(wrong)
}

/// Every crate below `package`, one a line: name, version, and features between `|`.
fn tree(root: &Path, package: &str, options: &[&str]) -> Result<String> {
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "tree",
            "--package",
            package,
            "--edges",
            "normal,build",
            "--target",
            "all",
        ])
        .args(["--prefix", "none", "--format", "{p}|{f}|"])
        .args(options)
        .current_dir(root);
    process::output(&mut cargo)
}

fn foreign_to_protocol(tree: &str) -> Vec<String> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let foreign = names.filter(|name| {
        NOT_BELOW_PROTOCOL.iter().any(|start| {
            name.strip_prefix(start)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
        })
    });
    let mut wrong: Vec<_> = foreign
        .map(|name| format!("protocol must not depend on {name}, at any depth"))
        .collect();
    wrong.dedup();
    wrong
}

fn able_to_sign(folder: &str, tree: &str) -> Option<String> {
    let signs = tree.lines().any(|line| {
        let features = line.split('|').nth(1).unwrap_or_default();
        line.starts_with("transfer-status-protocol ") && features.split(',').any(|feature| feature == "hmac")
    });
    signs.then(|| format!("{folder} must not enable `hmac` of protocol: it runs where no secret may be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_below_protocol_is_reported() {
        let tree =
            "transfer-status-protocol v0.1.0 (/p)|hmac,message|\nserde v1.0.0|std|\ntokio-util v0.7.0||\n";
        assert_eq!(
            foreign_to_protocol(tree),
            ["protocol must not depend on tokio-util, at any depth"]
        );
        assert!(foreign_to_protocol("tokyo v1.0.0||\nworkerbee v1.0.0||\n").is_empty());
    }

    #[test]
    fn a_browser_that_could_sign_is_reported() {
        let signing = "shim v0.1.0 (/s)||\ntransfer-status-protocol v0.1.0 (/p)|default,hmac,message|\n";
        assert!(able_to_sign("sdk-wasm/session", signing).is_some());
        let plain =
            "shim v0.1.0 (/s)||\ntransfer-status-protocol v0.1.0 (/p)|default,message|\nhmac v0.13.0||\n";
        assert_eq!(able_to_sign("sdk-wasm/session", plain), None);
    }
}
