//! See `stored` in `server-worker/src/targets.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| transfer_status_server::targets::stored(data));
