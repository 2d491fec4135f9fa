//! Wycheproof's HMAC-SHA256 set: only whole tags count, so every truncated one is refused, even those
//! that the set calls valid.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use transfer_status_protocol::sign::{self, Key, KeyRing, TimestampPolicy, VerifyError};
use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

#[test]
fn whole_tags_are_judged_as_wycheproof_says_and_truncated_ones_are_refused() {
    let (mut accepted, mut refused, mut truncated) = (0, 0, 0);
    for group in TestSet::load(TestName::HmacSha256).unwrap().test_groups {
        for test in group.tests {
            let tag: String = test.tag.iter().map(|byte| format!("{byte:02x}")).collect();
            let keys = KeyRing::new(Key::new(&test.key).unwrap());
            let verdict = sign::verify(&keys, &test.msg, &tag, None, 0, TimestampPolicy::Optional);
            match (group.tag_size, test.result) {
                (256, TestResult::Valid) => {
                    assert!(verdict.is_ok(), "{}", test.tc_id);
                    accepted += 1;
                }
                (256, _) => {
                    assert_eq!(verdict.err(), Some(VerifyError::BadSignature), "{}", test.tc_id);
                    refused += 1;
                }
                (128, _) => {
                    assert_eq!(
                        verdict.err(),
                        Some(VerifyError::MalformedSignature),
                        "{}",
                        test.tc_id
                    );
                    truncated += 1;
                }
                (size, _) => panic!("{}: a tag of {size} bits", test.tc_id),
            }
        }
    }
    assert_eq!((accepted + refused, truncated), (87, 87));
    assert!(accepted > 0 && refused > 0);
}
