//! The corpus that fuzzing has gathered (`protocol/fuzz/corpus`), through every target once more: what was found once is
//! never lost, on any machine and without a fuzzer.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod targets;

use std::fs;
use std::path::Path;

#[test]
fn what_holds_for_any_bytes_holds_for_the_whole_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in targets::ALL {
        let mut count = 0;
        for entry in fs::read_dir(corpus.join(name)).unwrap() {
            let path = entry.unwrap().path();
            let data = fs::read(&path).unwrap();
            let held = std::panic::catch_unwind(|| target(&data));
            assert!(held.is_ok(), "{} does not hold", path.display());
            count += 1;
        }
        assert!(count >= 10, "{name} has a corpus of {count}");
    }
}
