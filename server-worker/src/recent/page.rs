//! `GET /recent`: what is asked for, and the shards' answers merged into one page. Pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::value::RawValue;
use transfer_status_protocol::{DecodeError, Status, Timestamp, TransferId, json};

use super::index::{Filter, Place};

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 200;
const MAX_PARTY: usize = 128;

/// A page that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// How many.
    pub(crate) limit: usize,
    /// From after this place on.
    pub(crate) before: Option<Place>,
    /// Which.
    pub(crate) filter: Filter,
}

/// Why a query is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadQuery {
    /// Not a number, or out of bounds.
    #[error("limit is not valid; send a whole number from 1 to 200")]
    Limit,
    /// Not a cursor of ours.
    #[error("before is not valid; send the `next` of the page before, or leave it out for the first one")]
    Before,
    /// Not one of the five.
    #[error("status is not valid; send one of pending, processing, completed, failed, cancelled")]
    Status,
    /// Too long for one.
    #[error("{0} is not valid; send 1 to 128 characters")]
    Party(&'static str),
    /// Not a time.
    #[error("{0} is not valid; send a time like 2024-01-15T10:30:00Z")]
    Time(&'static str),
    /// No time at all.
    #[error("from is not before to; send the earlier time as from")]
    Range,
}

impl Query {
    /// Reads a query string's pairs; others are ignored, and an empty one counts as absent.
    pub(crate) fn read(
        pairs: impl Iterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
    ) -> Result<Self, BadQuery> {
        let mut query = Self {
            limit: DEFAULT_LIMIT,
            before: None,
            filter: Filter::default(),
        };
        for (name, value) in pairs {
            let value = value.as_ref();
            if value.is_empty() {
                continue;
            }
            match name.as_ref() {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                    query.limit = limit.ok_or(BadQuery::Limit)?;
                }
                "before" => query.before = Some(read_cursor(value).ok_or(BadQuery::Before)?),
                "status" => match value.parse() {
                    Ok(Status::Other(_)) | Err(_) => return Err(BadQuery::Status),
                    Ok(status) => query.filter.status = Some(status.as_str().to_owned()),
                },
                "merchantId" => query.filter.merchant_id = Some(party("merchantId", value)?),
                "customerId" => query.filter.customer_id = Some(party("customerId", value)?),
                "from" => query.filter.from = Some(time("from", value)?),
                "to" => query.filter.to = Some(time("to", value)?),
                _ => {}
            }
        }
        match (query.filter.from, query.filter.to) {
            (Some(from), Some(to)) if from >= to => Err(BadQuery::Range),
            _ => Ok(query),
        }
    }

    /// The newest of one merchant, whose id is not empty; a limit out of bounds is the nearest within.
    pub(crate) fn of_merchant(merchant_id: &str, limit: usize) -> Self {
        Self {
            limit: limit.clamp(1, MOST),
            before: None,
            filter: Filter {
                merchant_id: Some(merchant_id.to_owned()),
                ..Filter::default()
            },
        }
    }

    /// The query string that [`Query::read`] takes.
    pub(crate) fn to_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string());
        if let Some(before) = &self.before {
            query.append_pair("before", &cursor(before.updated_at, &before.id));
        }
        if let Some(status) = &self.filter.status {
            query.append_pair("status", status);
        }
        if let Some(merchant_id) = &self.filter.merchant_id {
            query.append_pair("merchantId", merchant_id);
        }
        if let Some(customer_id) = &self.filter.customer_id {
            query.append_pair("customerId", customer_id);
        }
        for (name, at) in [("from", self.filter.from), ("to", self.filter.to)] {
            if let Some(at) = at {
                query.append_pair(name, &Timestamp::from_unix_millis(at).to_string());
            }
        }
        query.finish()
    }

    /// Whether a shard of the release that knew status and merchant only would list too much.
    pub(crate) fn is_narrow(&self) -> bool {
        let filter = &self.filter;
        filter.customer_id.is_some() || filter.from.is_some() || filter.to.is_some()
    }
}

fn party(name: &'static str, value: &str) -> Result<String, BadQuery> {
    match value.chars().count() > MAX_PARTY {
        true => Err(BadQuery::Party(name)),
        false => Ok(value.to_owned()),
    }
}

/// A plus sign that was not encoded arrives as a space.
fn time(name: &'static str, value: &str) -> Result<i64, BadQuery> {
    let at: Timestamp = value
        .replace(' ', "+")
        .parse()
        .map_err(|_| BadQuery::Time(name))?;
    Ok(at.unix_millis())
}

/// A place in the list as opaque text.
fn cursor(updated_at: i64, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{updated_at}.{id}"))
}

fn read_cursor(text: &str) -> Option<Place> {
    if text.len() > 256 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (updated_at, id) = std::str::from_utf8(&bytes).ok()?.split_once('.')?;
    Some(Place {
        updated_at: updated_at.parse().ok()?,
        id: TransferId::new(id).ok()?.as_str().into(),
    })
}

/// One listed transfer on its way from a shard.
#[derive(Debug, Serialize)]
pub(crate) struct Item<'a> {
    /// `updatedAt` in Unix milliseconds.
    pub(crate) at: i64,
    /// The transfer's id.
    pub(crate) id: &'a str,
    /// The transfer.
    pub(crate) doc: &'a RawValue,
}

/// A shard's answer.
#[derive(Debug, Serialize)]
pub(crate) struct Listing<'a> {
    /// One more than the page's limit, where there are so many: newest first.
    pub(crate) items: Vec<Item<'a>>,
    /// Whether entries have just gone to another shard, which may have answered before it had them.
    pub(crate) moved: bool,
    /// Whether the shard knows every filter that [`Query`] has; one of an earlier release does not say.
    pub(crate) narrows: bool,
}

impl<'a> Item<'a> {
    fn decode(text: &'a str) -> Result<Self, DecodeError> {
        let [at, id, doc] = json::fields(text, ["at", "id", "doc"])?;
        // No character of an id is ever escaped.
        let id = id.and_then(|id| id.get().strip_prefix('"')?.strip_suffix('"'));
        Ok(Self {
            at: json::required(at, "at", "an integer")?,
            id: id.ok_or(DecodeError::Missing { field: "id" })?,
            doc: doc.ok_or(DecodeError::Missing { field: "doc" })?,
        })
    }
}

impl<'a> Listing<'a> {
    /// Reads a shard's answer.
    pub(crate) fn decode(text: &'a str) -> Result<Self, DecodeError> {
        let [items, moved, narrows] = json::fields(text, ["items", "moved", "narrows"])?;
        let items = items.and_then(|items| json::items(items.get()));
        let items = items.ok_or(DecodeError::Missing { field: "items" })?;
        let items = items.into_iter().map(|item| Item::decode(item.get()));
        let flag = "true or false";
        Ok(Self {
            items: items.collect::<Result<_, _>>()?,
            moved: json::optional(moved, "moved", flag)?.unwrap_or_default(),
            narrows: json::optional(narrows, "narrows", flag)?.unwrap_or_default(),
        })
    }
}

/// The page as JSON, of at most `limit`; `next` leads on where there is more. A transfer that is on its way from one shard
/// to another stands once, as it was last.
pub(crate) fn merge(listings: Vec<Listing<'_>>, limit: usize) -> String {
    #[derive(Serialize)]
    struct Page<'a> {
        transfers: Vec<&'a RawValue>,
        next: Option<String>,
    }
    let mut items: Vec<_> = listings.into_iter().flat_map(|listing| listing.items).collect();
    items.sort_unstable_by(|a, b| (b.at, b.id).cmp(&(a.at, a.id)));
    let mut shown: Vec<Item<'_>> = Vec::new();
    let mut more = false;
    for item in items {
        if shown.iter().any(|shown| shown.id == item.id) {
            continue;
        }
        if shown.len() == limit {
            more = true;
            break;
        }
        shown.push(item);
    }
    let last = shown.last().filter(|_| more);
    let page = Page {
        next: last.map(|last| cursor(last.at, last.id)),
        transfers: shown.iter().map(|item| item.doc).collect(),
    };
    // Made of JSON that was read already.
    serde_json::to_string(&page).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::{BadQuery, Item, Listing, Query, merge};

    fn read(query: &str) -> Result<Query, BadQuery> {
        Query::read(form_urlencoded::parse(query.as_bytes()))
    }

    #[test]
    fn a_query_has_sensible_defaults_and_firm_bounds() {
        let query = read("limit=&status=&merchantId=&before=&other=1").unwrap();
        assert_eq!((query.limit, query.before), (50, None));
        for (query, error) in [
            ("limit=0", BadQuery::Limit),
            ("limit=201", BadQuery::Limit),
            ("limit=ten", BadQuery::Limit),
            ("limit=-1", BadQuery::Limit),
            ("before=nonsense", BadQuery::Before),
            ("before=MTIz", BadQuery::Before),
            ("status=PAID", BadQuery::Status),
            ("from=yesterday", BadQuery::Time("from")),
            ("to=2024-01-15", BadQuery::Time("to")),
            (
                "from=2024-01-15T10:30:00Z&to=2024-01-15T10:30:00Z",
                BadQuery::Range,
            ),
            (
                "to=2024-01-15T10:30:00Z&from=2024-01-16T10:30:00Z",
                BadQuery::Range,
            ),
        ] {
            assert_eq!(read(query), Err(error), "{query}");
        }
        for name in ["merchantId", "customerId"] {
            let too_long = read(&format!("{name}={}", "m".repeat(129)));
            assert_eq!(too_long, Err(BadQuery::Party(name)));
        }
    }

    #[test]
    fn a_query_arrives_at_the_shards_as_it_was_asked() {
        for query in [
            "",
            "limit=200&status=failed",
            "merchantId=a%26b+c",
            "before=MTAudHJfMQ&limit=7",
            "customerId=a%26b&from=2024-01-15T11:30:00.001%2B01:00&to=9999-12-31T23:59:59.999Z",
            "from=2024-01-15T11:30:00+01:00",
        ] {
            let query = read(query).unwrap();
            assert_eq!(read(&query.to_query()), Ok(query));
        }
    }

    proptest! {
        /// Whatever lies in which shard: the pages, one after the other, are the whole list in its order.
        #[test]
        fn pages_of_several_shards_are_one_list(
            times in prop::collection::vec(0..20_i64, 0..60), shards in 1..5_usize, limit in 1..9_usize,
        ) {
            let raw = RawValue::from_string("{}".into()).unwrap();
            let mut all: Vec<_> = times.iter().enumerate().map(|(n, at)| (*at, format!("t{n}"))).collect();
            all.sort_unstable();
            all.reverse();

            let mut seen = Vec::new();
            let mut query = Query { limit, ..read("").unwrap() };
            loop {
                let listings = (0..shards).map(|shard| Listing {
                    items: all
                        .iter()
                        .filter(|(_, id)| id[1..].parse::<usize>().unwrap() % shards == shard)
                        .filter(|(at, id)| query.before.as_ref().is_none_or(|before| (*at, id.as_str()) < (before.updated_at, &*before.id)))
                        .take(limit + 1)
                        .map(|(at, id)| Item { at: *at, id, doc: &raw })
                        .collect(),
                    moved: false,
                    narrows: true,
                });
                let listings: Vec<_> = listings.collect();
                let mut page: Vec<_> = listings.iter().flat_map(|l| &l.items).map(|i| (i.at, i.id.to_owned())).collect();
                page.sort_unstable();
                page.reverse();
                page.truncate(limit);
                seen.extend(page);

                let answer: Value = serde_json::from_str(&merge(listings, limit)).unwrap();
                prop_assert!(answer["transfers"].as_array().unwrap().len() <= limit);
                match answer["next"].as_str() {
                    Some(next) => query = read(&format!("limit={limit}&before={next}")).unwrap(),
                    None => break,
                }
            }
            prop_assert_eq!(seen, all);
        }
    }
}
