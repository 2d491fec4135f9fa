//! Short names for what a module imports. wasm-bindgen's have sixteen digits of a hash each, which no compression makes
//! smaller, and both the module and the script have them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_encoder::{EntityType, ImportSection, Module, RawSection};
use wasmparser::{Parser, Payload, TypeRef};

/// Where wasm-bindgen's modules import from.
pub(crate) const FROM: &str = "./index_bg.js";
/// And where they do afterwards.
pub(crate) const SHORT_FROM: &str = "a";

const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";

/// Renames the imports of the module in `file`; gives each one's new name by its old one.
///
/// # Errors
/// When it is no module, or imports what is no function of the script.
pub(crate) fn shorten(file: &Path) -> Result<BTreeMap<String, String>> {
    let module = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut short = BTreeMap::new();
    let mut renamed = Module::new();
    for payload in Parser::new(0).parse_all(&module) {
        let payload = payload?;
        if let Payload::ImportSection(imports) = &payload {
            let mut section = ImportSection::new();
            for import in imports.clone().into_imports() {
                let import = import?;
                let TypeRef::Func(of_type) = import.ty else {
                    bail!("{} is no function", import.name);
                };
                if import.module != FROM {
                    bail!("{} is imported from {}", import.name, import.module);
                }
                let name = name(short.len());
                section.import(SHORT_FROM, &name, EntityType::Function(of_type));
                if short.insert(import.name.to_owned(), name).is_some() {
                    bail!("{} is imported twice", import.name);
                }
            }
            renamed.section(&section);
        } else if let Some((id, range)) = payload.as_section() {
            let data = module.get(range).unwrap_or_default();
            renamed.section(&RawSection { id, data });
        }
    }
    fs::write(file, renamed.finish())?;
    Ok(short)
}

/// Two letters, which are enough for 676 and no word of JavaScript's that a property may not be called by.
fn name(number: usize) -> String {
    let letter = |number: usize| char::from(LETTERS[number % LETTERS.len()]);
    [letter(number / LETTERS.len()), letter(number)].iter().collect()
}
