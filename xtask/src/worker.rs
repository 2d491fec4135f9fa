//! The Worker out of what cargo has compiled: its bindings by wasm-bindgen, our own entry, and only what the two need.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::build::{self, WASM_FEATURES};
use crate::imports;
use crate::process;
use crate::tools::Tools;

/// The module as `index.js` imports it.
const MODULE: &str = "index_bg.wasm";

/// Where the script asks whether the collector can tell of closures that it has collected.
const CLOSURES_ARE_WATCHED: &str = "CLOSURE_DTORS = (typeof FinalizationRegistry === 'undefined')";

/// Makes `index.js` and `index_bg.wasm` in `folder`: `entry` with its bindings, which find as globals what the module
/// `globals` exports.
///
/// # Errors
/// When a tool fails.
pub(crate) fn assemble(
    tools: &Tools,
    compiled: &Path,
    entry: &Path,
    globals: &Path,
    folder: &Path,
) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(folder.join(".gitignore"), "*\n")?;
    let draft = tempfile::tempdir()?;
    let draft = draft.path();
    bind(tools, compiled, draft)?;

    let bundled = draft.join("bundle.js");
    esbuild(
        tools,
        &[
            entry.display().to_string(),
            format!("--alias:bindings={}", draft.join("index.js").display()),
            format!("--outfile={}", bundled.display()),
            format!("--inject:{}", globals.display()),
            "--bundle".to_owned(),
            format!("--external:./{MODULE}"),
            "--external:cloudflare:workers".to_owned(),
            // Without these two, classes of `worker` that nobody uses count as used.
            "--define:Symbol.dispose=undefined".to_owned(),
            "--pure:FinalizationRegistry".to_owned(),
        ],
    )?;
    let script = fs::read_to_string(&bundled)?;
    let module = draft.join(MODULE);
    keep_exports(tools, &module, &exports_used(&script))?;
    let short = imports::shorten(&module)?;
    build::optimize(tools, &module, &module)?;
    build::order(tools, &module, &folder.join(MODULE))?;
    let names = draft.join("names.json");
    fs::write(&names, serde_json::to_string(&short)?)?;
    let minified = folder.join("index.js.draft");
    let long: Vec<_> = short.keys().map(String::as_str).collect();
    esbuild(
        tools,
        &[
            bundled.display().to_string(),
            format!("--outfile={}", minified.display()),
            "--minify".to_owned(),
            // The same names that the module has got.
            format!("--mangle-props=^({})$", long.join("|")),
            format!("--mangle-cache={}", names.display()),
        ],
    )?;
    // A server that reads it meanwhile sees the old file.
    fs::rename(&minified, folder.join("index.js"))?;
    Ok(())
}

/// wasm-bindgen's half: `index.js` and `index_bg.wasm`.
fn bind(tools: &Tools, compiled: &Path, folder: &Path) -> Result<()> {
    let mut bindgen = Command::new(tools.cargo_bin("wasm-bindgen-cli")?);
    bindgen
        .args(["--target", "module", "--no-typescript", "--out-name", "index"])
        // The entry begins a new instance after a panic.
        .arg("--experimental-reset-state-function")
        .arg("--out-dir")
        .arg(folder)
        .arg(compiled);
    process::output(&mut bindgen)?;
    let script = folder.join("index.js");
    // The platform's modules of type WebAssembly are imported like any other.
    let text = fs::read_to_string(&script)?.replace("import source ", "import ");
    let from = format!(r#""{}": "#, imports::FROM);
    let text = replace_once(&text, &from, &format!("{}: ", imports::SHORT_FROM))?;
    // Each closure ends with the future that awaits by it, so none is left to the collector, which would have to keep a list.
    let text = replace_once(&text, CLOSURES_ARE_WATCHED, "CLOSURE_DTORS = true")?;
    Ok(fs::write(&script, text)?)
}

fn replace_once(script: &str, from: &str, to: &str) -> Result<String> {
    if script.matches(from).count() != 1 {
        bail!("wasm-bindgen's script does not name {from} once");
    }
    Ok(script.replace(from, to))
}

fn esbuild(tools: &Tools, args: &[String]) -> Result<()> {
    let mut esbuild = tools.on_path(Command::new(tools.npm_bin("esbuild")))?;
    esbuild
        .args(args)
        .args(["--format=esm", "--target=esnext", "--log-level=warning"]);
    process::output(&mut esbuild)?;
    Ok(())
}

/// What a script takes of the module's exports.
fn exports_used(script: &str) -> BTreeSet<&str> {
    let of_wasm = script.match_indices("wasm.").filter_map(|(at, of)| {
        let before = script.get(..at)?.chars().next_back();
        let rest = script.get(at + of.len()..)?;
        let end = rest.find(|c| !is_of_a_name(c)).unwrap_or(rest.len());
        (!before.is_some_and(is_of_a_name)).then(|| rest.get(..end))?
    });
    of_wasm.filter(|name| !name.is_empty()).collect()
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// Drops all other exports, and what only they need.
fn keep_exports(tools: &Tools, module: &Path, names: &BTreeSet<&str>) -> Result<()> {
    let mut graph = vec![json!({ "name": "script", "root": true, "reaches": names })];
    graph.extend(names.iter().map(|name| json!({ "name": name, "export": name })));
    let file = module.with_extension("graph.json");
    fs::write(&file, serde_json::to_string(&graph)?)?;
    let mut metadce = tools.on_path(Command::new(tools.npm_bin("wasm-metadce")))?;
    metadce
        .args(WASM_FEATURES)
        .arg("--graph-file")
        .arg(&file)
        .arg(module)
        .arg("-o")
        .arg(module);
    process::output(&mut metadce)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::exports_used;

    #[test]
    fn a_script_uses_what_it_takes_of_the_module() {
        let script = "f(wasm.memory, wasm.room_fetch(a)); index_wasm.no; wasm.memory.buffer; wasm = 1";
        assert_eq!(
            exports_used(script).into_iter().collect::<Vec<_>>(),
            ["memory", "room_fetch"]
        );
    }
}
