//! One payment, seen from all sides: a shop's backend, a bank, a checkout page and a phone.
//!
//! Each part is a short file to copy from. All of them use the SDK (`transfer-status`) only.
//!
//! | part | file | program |
//! |---|---|---|
//! | the shop's backend: `POST /create-transfer-request` | [`merchant`] | `merchant` |
//! | the bank: moves a payment by signed updates | [`bank`] | `bank` |
//! | whoever watches: a checkout page, a phone | [`watcher`] | |
//! | the QR code between the two: drawn, and read again | [`qr`] | |
//! | all of it together, against a running server | | `demo` |
//!
//! `cargo xtask demo` starts a server and runs `demo` against it.
#![forbid(unsafe_code)]

pub mod bank;
pub mod merchant;
pub mod qr;
pub mod signal;
pub mod watcher;

// The README's Rust is compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
