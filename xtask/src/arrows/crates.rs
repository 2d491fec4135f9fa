//! The dependencies between the crates of the workspace, by the folders that they live in.

use cargo_metadata::{DependencyKind, Metadata};

/// A crate of the workspace and those of ours that it depends on.
pub(crate) struct Member {
    /// The package's name.
    pub(crate) name: String,
    /// The folder below the root, such as `server-worker/e2e`.
    pub(crate) folder: String,
    /// What it depends on, and whether for its tests only.
    pub(crate) uses: Vec<Use>,
}

/// One dependency on a crate of the workspace.
pub(crate) struct Use {
    /// The folder of the other crate.
    pub(crate) folder: String,
    /// Whether it is a dev-dependency.
    pub(crate) in_tests: bool,
}

/// Who may depend on whom, by folder. The longest folder that fits decides, so a crate below one of these follows it.
const ALLOWED: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("server-worker", &["protocol"]),
    ("server-worker/e2e", &["protocol", "sdk-rust"]),
    ("sdk-rust", &["protocol"]),
    ("sdk-rust/testing", &["protocol", "sdk-rust"]),
    ("sdk-wasm", &["protocol", "sdk-wasm"]),
    ("sdk-mobile", &["sdk-rust", "sdk-mobile"]),
    ("examples", &["sdk-rust", "sdk-mobile", "sdk-wasm"]),
    ("xtask", &["examples", "sdk-rust", "protocol"]),
];

/// The crates of the workspace that `metadata` describes.
pub(crate) fn members(metadata: &Metadata) -> Vec<Member> {
    let below_root = |path: &cargo_metadata::camino::Utf8Path| {
        path.strip_prefix(&metadata.workspace_root)
            .ok()
            .map(|folder| folder.to_string())
    };
    let member = |package: &cargo_metadata::Package| {
        let uses = package.dependencies.iter().filter_map(|dependency| {
            let folder = below_root(dependency.path.as_deref()?)?;
            Some(Use {
                folder,
                in_tests: dependency.kind == DependencyKind::Development,
            })
        });
        let folder = below_root(package.manifest_path.parent()?)?;
        Some(Member {
            name: package.name.to_string(),
            folder,
            uses: uses.collect(),
        })
    };
    metadata
        .workspace_packages()
        .into_iter()
        .filter_map(member)
        .collect()
}

/// One line for each dependency that [`ALLOWED`] does not list.
pub(crate) fn complaints(members: &[Member]) -> Vec<String> {
    let mut wrong = Vec::new();
    for member in members {
        let Some((_, allowed)) = rule(&member.folder) else {
            wrong.push(format!(
                "{} has no rule: add {} to the table of arrows",
                member.name, member.folder
            ));
            continue;
        };
        for used in &member.uses {
            if !allowed.iter().any(|folder| is_below(&used.folder, folder)) {
                let tests = if used.in_tests { " in its tests" } else { "" };
                wrong.push(format!(
                    "{} must not depend on {}{tests}",
                    member.folder, used.folder
                ));
            }
        }
    }
    wrong
}

fn rule(folder: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    ALLOWED
        .iter()
        .filter(|(above, _)| is_below(folder, above))
        .max_by_key(|(above, _)| above.len())
}

/// Whether `folder` is `above` or inside it.
fn is_below(folder: &str, above: &str) -> bool {
    folder
        .strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(folder: &str, uses: &[&str]) -> Member {
        let uses = uses.iter().map(|folder| Use {
            folder: (*folder).to_owned(),
            in_tests: false,
        });
        Member {
            name: folder.to_owned(),
            folder: folder.to_owned(),
            uses: uses.collect(),
        }
    }

    #[test]
    fn the_arrows_of_the_architecture_pass() {
        let members = [
            member("protocol", &[]),
            member("server-worker", &["protocol"]),
            member("server-worker/e2e", &["protocol", "sdk-rust"]),
            member("sdk-wasm/session", &["protocol"]),
            member("examples", &["sdk-rust"]),
        ];
        assert_eq!(complaints(&members), Vec::<String>::new());
    }

    #[test]
    fn each_wrong_arrow_is_reported() {
        let members = [
            member("protocol", &["sdk-rust"]),
            member("server-worker", &["sdk-rust"]),
            member("sdk-mobile", &["protocol"]),
            member("examples", &["protocol"]),
            member("sdk-wasm/session", &["server-worker/e2e"]),
        ];
        let wrong = complaints(&members);
        assert_eq!(wrong.len(), members.len(), "{wrong:?}");
        assert_eq!(
            wrong.first().map(String::as_str),
            Some("protocol must not depend on sdk-rust")
        );
    }

    #[test]
    fn an_arrow_of_the_tests_alone_is_reported_too() {
        let mut protocol = member("protocol", &["sdk-rust"]);
        protocol.uses.iter_mut().for_each(|used| used.in_tests = true);
        assert_eq!(
            complaints(&[protocol]),
            ["protocol must not depend on sdk-rust in its tests"]
        );
    }

    #[test]
    fn a_crate_in_a_new_folder_needs_a_rule() {
        assert_eq!(complaints(&[member("protocolette", &[])]).len(), 1);
    }
}
