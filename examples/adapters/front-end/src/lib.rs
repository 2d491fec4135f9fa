//! The client for front ends in Rust behind the adapter protocol (`README.md` of the adapters), inside a page: the page
//! passes in commands and gets events. `adapter.mjs` beside this package is the program around the page.
//!
//! What it does with a command is the Rust adapter's code: the two SDKs have the same names.
#![forbid(unsafe_code)]
#![allow(missing_docs, reason = "not for users")]

#[path = "../../src/adapter.rs"]
mod adapter;
#[path = "../../src/command.rs"]
mod command;
mod host;
#[path = "../../src/qr.rs"]
mod qr;
#[path = "../../src/questions.rs"]
mod questions;
#[path = "../../src/told.rs"]
mod told;

use std::cell::RefCell;

use transfer_status_wasm as sdk;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::adapter::Adapter;

thread_local! {
    static ADAPTER: RefCell<Adapter> = RefCell::default();
}

/// Carries out the command of one line. Events go to the page's `say`.
#[wasm_bindgen]
pub fn carry_out(line: &str) {
    // The program around the page ends it.
    let _exit = ADAPTER.with_borrow_mut(|adapter| adapter.carry_out(line));
}
