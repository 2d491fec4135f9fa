//! Which shard of the recent index a transfer belongs to: a hash of its id that never changes. Pure.

/// The number of the shard that lists this transfer, of `shards`.
pub(crate) fn of(id: &str, shards: u16) -> u16 {
    let shards = u64::from(shards.max(1));
    u16::try_from(fnv1a(id.as_bytes()) % shards).unwrap_or(0)
}

/// The name of a shard's Durable Object.
pub(crate) fn name(shard: u16) -> String {
    format!("recent-{shard}")
}

/// The number of the shard whose Durable Object has this name.
pub(crate) fn number(name: &str) -> Option<u16> {
    name.strip_prefix("recent-")?.parse().ok()
}

/// FNV-1a in 64 bits, folded: its low bits alone follow the last character too closely.
fn fnv1a(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{name, number, of};

    #[test]
    fn a_transfer_stays_in_its_shard_from_deploy_to_deploy() {
        // Written down: another hash would leave every listed transfer where nobody looks for it.
        assert_eq!(of("tr_1", 8), 0);
        assert_eq!(of("order-1.a_b~c:d", 8), 0);
        assert_eq!(of("order-2.a_b~c:d", 8), 6);
        assert_eq!(of("anything", 1), 0);
        assert_eq!(of("anything", 0), 0);
    }

    #[test]
    fn a_shard_knows_its_number() {
        assert_eq!(number(&name(63)), Some(63));
        assert_eq!(number("recent-"), None);
    }

    #[test]
    fn transfers_are_spread_evenly_however_alike_their_ids() {
        let mut counts = BTreeMap::new();
        for n in 0..8_000 {
            *counts.entry(of(&format!("order-{n}"), 8)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 8);
        assert!(
            counts.values().all(|count| (700..1_300).contains(count)),
            "{counts:?}"
        );
    }
}
