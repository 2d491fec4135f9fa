//! `transfer-status-bindgen kotlin|swift LIBRARY FOLDER`: the generated half of the border, from the built library.
//!
//! UniFFI reads what is exported out of the library itself (unstripped), so what it makes fits that library and no other;
//! both sides compare checksums when the library is loaded. The generated code is never committed.
#![forbid(unsafe_code)]

mod converters;
mod crossing;
mod kotlin;
mod swift;

use std::fs;

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use clap::{Parser, ValueEnum};
use uniffi_bindgen::bindings::{self, GenerateOptions, SwiftBindingsOptions, TargetLanguage};

/// Makes one language's half of the border.
#[derive(Parser)]
struct Args {
    /// The language
    language: Language,
    /// The library as cargo built it, unstripped
    library: Utf8PathBuf,
    /// Where to write; what is in there of an earlier run is removed
    folder: Utf8PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    /// One file, nothing of it public
    Kotlin,
    /// A Swift file made small, a C header and its module map
    Swift,
}

/// Says where `uniffi.toml` is.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml");

fn main() -> Result<()> {
    let args = Args::parse();
    if args.folder.exists() {
        fs::remove_dir_all(&args.folder).with_context(|| format!("cannot empty {}", args.folder))?;
    }
    match args.language {
        Language::Kotlin => {
            let options = GenerateOptions {
                languages: vec![TargetLanguage::Kotlin],
                source: args.library,
                out_dir: args.folder.clone(),
                config_override: Some(CONFIG.into()),
                ..GenerateOptions::default()
            };
            bindings::generate(options)?;
            kotlin::rewrite(&args.folder)
        }
        Language::Swift => {
            bindings::generate_swift_bindings(SwiftBindingsOptions {
                generate_swift_sources: true,
                generate_headers: true,
                generate_modulemap: true,
                source: args.library,
                out_dir: args.folder.clone(),
                xcframework: false,
                module_name: Some("TransferStatusFFI".to_owned()),
                modulemap_filename: Some("module.modulemap".to_owned()),
                metadata_no_deps: true,
                link_frameworks: Vec::new(),
                config: Some(CONFIG.into()),
            })?;
            swift::rewrite(&args.folder)
        }
    }
}
