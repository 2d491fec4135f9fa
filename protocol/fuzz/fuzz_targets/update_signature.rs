//! See `update_signature` in `protocol/tests/corpus/targets.rs`.
#![no_main]

#[path = "../../tests/corpus/targets.rs"]
#[allow(dead_code, reason = "each target runs one of them")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::update_signature(data));
