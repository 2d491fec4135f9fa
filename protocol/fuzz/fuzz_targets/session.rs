//! The client session, alone and behind a shared link, under the schedule of faults that the bytes stand for; its judge is
//! that of `protocol/tests/session/faults`.
#![no_main]

#[path = "../../tests/session/faults/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod faults;
#[path = "../../tests/session/seen.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod seen;

libfuzzer_sys::fuzz_target!(|data: &[u8]| faults::run_bytes(data));
