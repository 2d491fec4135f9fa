//! `wasm-bindgen`, as far as the builds of this repository call it: the same library behind the same options.
//!
//! `wasm-bindgen-cli` brings a test runner along, with an HTTP server, a client and TLS, which nothing here uses and
//! which take most of its compile time.
#![forbid(unsafe_code)]

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use wasm_bindgen_cli_support::Bindgen;

#[derive(Parser)]
#[command(name = "wasm-bindgen")]
struct Args {
    /// The module that rustc made
    input: PathBuf,
    /// Who loads the output
    #[arg(long, value_enum, default_value = "bundler")]
    target: Target,
    /// The folder of the output
    #[arg(long)]
    out_dir: PathBuf,
    /// The name of the output, without extension
    #[arg(long)]
    out_name: Option<String>,
    /// No declarations for TypeScript
    #[arg(long)]
    no_typescript: bool,
    /// A function that begins a new instance
    #[arg(long)]
    experimental_reset_state_function: bool,
    /// A handler for aborts, with `panic = "abort"` too
    #[arg(long)]
    force_enable_abort_handler: bool,
    /// Linked modules in files of their own
    #[arg(long)]
    split_linked_modules: bool,
    /// No way to find the module by itself
    #[arg(long)]
    omit_default_module_path: bool,
    /// Symbols stay as rustc named them
    #[arg(long)]
    no_demangle: bool,
    /// Checks that are for who debugs
    #[arg(long)]
    debug: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Target {
    Bundler,
    Web,
    Module,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut bindgen = Bindgen::new();
    match args.target {
        Target::Bundler => bindgen.bundler(true)?,
        Target::Web => bindgen.web(true)?,
        Target::Module => bindgen.module(true)?,
    };
    if let Some(name) = &args.out_name {
        bindgen.out_name(name);
    }
    bindgen
        .input_path(&args.input)
        .typescript(!args.no_typescript)
        .reset_state_function(args.experimental_reset_state_function)
        .split_linked_modules(args.split_linked_modules)
        .omit_default_module_path(args.omit_default_module_path)
        .demangle(!args.no_demangle)
        .debug(args.debug)
        .force_enable_abort_handler(args.force_enable_abort_handler)
        .generate(&args.out_dir)
}
