//! Modules of the server that look at each other in a circle: none of them can be read, tested or moved alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use syn::visit::Visit;

use super::sources;

/// The crate whose modules are judged, file by file.
const SOURCES: &str = "server-worker/src";

/// A module, by its path from the root of the crate, and the modules that its code names.
type Graph = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

/// One line for each circle, with the modules in it.
///
/// # Errors
/// When a source cannot be read.
pub(crate) fn complaints(root: &Path) -> Result<Vec<String>> {
    let mut modules = BTreeMap::new();
    let folder = root.join(SOURCES);
    sources::search(&folder, &mut |file, text| {
        if let Some(module) = file.strip_prefix(&folder).ok().and_then(module_of) {
            modules.insert(module, text.to_owned());
        }
    })?;
    let told = circles(&graph(&modules)?).into_iter().map(|circle| {
        let names: Vec<_> = circle.iter().map(|module| module.join("::")).collect();
        format!(
            "{SOURCES}: these modules look at each other in a circle: {}",
            names.join(", ")
        )
    });
    Ok(told.collect())
}

/// The module that a file is, by its path below the sources; `None` for tests, which may look at anything.
fn module_of(file: &Path) -> Option<Vec<String>> {
    let mut module: Vec<_> = file
        .with_extension("")
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    match module.last().map(String::as_str) {
        Some("tests") => return None,
        Some("mod" | "lib") => drop(module.pop()),
        _ => {}
    }
    Some(module)
}

fn graph(sources: &BTreeMap<Vec<String>, String>) -> Result<Graph> {
    let mut graph = Graph::new();
    for (module, text) in sources {
        let file = syn::parse_file(text).with_context(|| format!("cannot parse {}", module.join("::")))?;
        let mut named = Named {
            module,
            paths: Vec::new(),
        };
        named.visit_file(&file);
        let looks_at = named.paths.iter().filter_map(|path| {
            // The longest beginning that is a module: the rest is something in it.
            let longest = (1..=path.len())
                .rev()
                .find(|length| sources.contains_key(&path[..*length]))?;
            Some(path[..longest].to_vec())
        });
        // A module and the one around it are one thing, as far as circles go.
        let looks_at = looks_at.filter(|other| !module.starts_with(other) && !other.starts_with(module));
        graph.insert(module.clone(), looks_at.collect());
    }
    Ok(graph)
}

/// The paths that a file's code names, from the root of the crate.
struct Named<'a> {
    module: &'a [String],
    paths: Vec<Vec<String>>,
}

impl Named<'_> {
    fn note(&mut self, segments: &[String]) {
        let (first, rest) = match segments.split_first() {
            Some((first, rest)) => (first.as_str(), rest),
            None => return,
        };
        let mut path = match first {
            "crate" => Vec::new(),
            "self" => self.module.to_vec(),
            "super" => self
                .module
                .split_last()
                .map(|(_, above)| above.to_vec())
                .unwrap_or_default(),
            _ => return,
        };
        for segment in rest {
            match segment.as_str() {
                "super" => drop(path.pop()),
                segment => path.push(segment.to_owned()),
            }
        }
        self.paths.push(path);
    }

    fn tree(&mut self, above: &[String], tree: &syn::UseTree) {
        let with = |name: String| [above, &[name]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&with(path.ident.to_string()), &path.tree),
            syn::UseTree::Name(name) => self.note(&with(name.ident.to_string())),
            syn::UseTree::Rename(name) => self.note(&with(name.ident.to_string())),
            syn::UseTree::Glob(_) => self.note(above),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(above, tree)),
        }
    }
}

impl<'ast> Visit<'ast> for Named<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let is_tests = item.attrs.iter().any(|attribute| {
            matches!(&attribute.meta, syn::Meta::List(list)
                if list.path.is_ident("cfg") && list.tokens.to_string() == "test")
        });
        if !is_tests {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.note(&segments);
        syn::visit::visit_path(self, path);
    }
}

/// The sets of modules each of which leads to all others of its set.
fn circles(graph: &Graph) -> Vec<BTreeSet<Vec<String>>> {
    let reachable = |from: &Vec<String>| {
        let mut seen = BTreeSet::new();
        let mut left: Vec<_> = graph.get(from).into_iter().flatten().collect();
        while let Some(module) = left.pop() {
            if seen.insert(module.clone()) {
                left.extend(graph.get(module).into_iter().flatten());
            }
        }
        seen
    };
    let reach: BTreeMap<_, _> = graph.keys().map(|module| (module, reachable(module))).collect();
    let mut found = BTreeSet::new();
    for (module, reached) in &reach {
        let circle: BTreeSet<_> = reached
            .iter()
            .filter(|other| reach.get(other).is_some_and(|back| back.contains(*module)))
            .cloned()
            .collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sources: &[(&str, &str)]) -> Vec<BTreeSet<Vec<String>>> {
        let path = |module: &str| module.split("::").map(ToOwned::to_owned).collect::<Vec<_>>();
        let sources = sources
            .iter()
            .map(|(module, text)| (path(module), (*text).to_owned()));
        circles(&graph(&sources.collect()).expect("it parses"))
    }

    #[test]
    fn two_modules_that_use_each_other_are_a_circle_however_they_name_each_other() {
        let circle = found(&[
            ("edge::body", "use crate::error::ApiError;"),
            ("error", "fn of() { super::edge::body::read() }"),
        ]);
        assert_eq!(circle.len(), 1);
        assert_eq!(circle[0].len(), 2);
    }

    #[test]
    fn tests_may_look_back_and_a_module_may_use_its_own_children() {
        let none = found(&[
            (
                "edge",
                "mod body; use self::body::Body; #[cfg(test)] mod tests { use crate::error; }",
            ),
            ("edge::body", "use super::Edge;"),
            ("error", "use crate::{edge::body::Body, log};"),
            ("log", ""),
        ]);
        assert_eq!(none, [], "{none:?}");
    }
}
