//! What is asked of the list: a part of it, newest first, and counts.

use std::collections::BTreeMap;

use super::Index;
use super::entry::{Entry, Place};

/// Which transfers are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only those in this status.
    pub(crate) status: Option<String>,
    /// Only those of this merchant.
    pub(crate) merchant_id: Option<String>,
    /// Only those of this customer.
    pub(crate) customer_id: Option<String>,
    /// Only those that changed last at this Unix millisecond or later.
    pub(crate) from: Option<i64>,
    /// Only those that changed last before this Unix millisecond.
    pub(crate) to: Option<i64>,
}

impl Filter {
    fn admits(&self, entry: &Entry) -> bool {
        self.status
            .as_deref()
            .is_none_or(|status| status == entry.status.as_str())
            && (self.merchant_id.is_none() || self.merchant_id == entry.merchant_id)
            && (self.customer_id.is_none() || self.customer_id == entry.customer_id)
            && self.to.is_none_or(|to| entry.updated_at < to)
    }
}

impl Index {
    /// At most `limit` of those that `filter` admits, newest first, from after `before` on.
    pub(crate) fn list<'a>(
        &'a self,
        filter: &'a Filter,
        before: Option<&Place>,
        limit: usize,
    ) -> impl Iterator<Item = (&'a Place, &'a Entry)> {
        let places = match before {
            Some(before) => self.order.range(..before.clone()),
            None => self.order.range::<Place, _>(..),
        };
        let from = filter.from.unwrap_or(i64::MIN);
        places
            .rev()
            .take_while(move |place| place.updated_at >= from)
            .filter_map(|place| Some((place, self.get(&place.id)?)))
            .filter(|(_, entry)| filter.admits(entry))
            .take(limit)
    }

    /// How many of those that `filter` admits are in each status.
    pub(crate) fn by_status(&self, filter: &Filter) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (_, entry) in self.list(filter, None, usize::MAX) {
            let status = entry.status.as_str();
            match counts.get_mut(status) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(status.to_owned(), 1);
                }
            }
        }
        counts
    }
}
