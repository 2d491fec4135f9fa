//! What must hold for any bytes that a socket, a room, a shard, the archive or the environment may hold: one function a
//! target, run by libFuzzer (`server-worker/fuzz`) and, over the committed corpus, by the tests.
#![allow(clippy::unwrap_used, reason = "a target says by a panic what does not hold")]

use serde_json::Value as Json;
use transfer_status_protocol::Transfer;

use crate::config::{Config, Value};
use crate::domain::attachment::Attachment;
use crate::domain::record::Record;
use crate::domain::timeline;
use crate::domain::view::View;
use crate::recent::index::{Filter, Index};
use crate::recent::page::Query;
use crate::room::storage;

/// A target: it panics where something does not hold.
pub type Target = fn(&[u8]);

/// All of them, by the name of their folder in `server-worker/fuzz/corpus`.
pub const ALL: &[(&str, Target)] = &[
    ("attachment", attachment),
    ("stored", stored),
    ("listed", listed),
    ("settings", settings),
];

const NOW: i64 = 1_732_320_000_123;
/// Begins what must never be shown.
const SECRET: &str = "s3cr3t-";

/// What a socket remembers: what is read is written as it was understood, and its alarm comes in time.
pub fn attachment(data: &[u8]) {
    let Some((attachment, pulse)) = std::str::from_utf8(data)
        .ok()
        .and_then(|text| Attachment::decode(text, NOW))
    else {
        return;
    };
    let again = Attachment::decode(&attachment.encode(pulse), NOW + 1);
    assert_eq!(again, Some((attachment, pulse)));
    if let Some(at) = attachment.alarm_at() {
        let late = i128::from(at) - i128::from(attachment.due());
        assert!((0..30_000).contains(&late), "{late} ms late");
    }
    let _quiet = (pulse.beat(NOW), pulse.silent_since(Some(NOW), NOW));
}

/// A room's entry with its settled timeline after a zero byte, and the archive's copy: what is read is stored, archived,
/// listed and shown as what it was.
pub fn stored(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (entry, settled) = match text.split_once('\0') {
        Some((entry, settled)) => (entry, Some(settled)),
        None => (text, None),
    };
    let room = storage::decode(entry, settled).ok();
    let copy = Record::from_archive(text).map(|copy| copy.record);
    for record in room.into_iter().chain(copy) {
        let settled = timeline::decode(Some(&record.timeline.encode_settled())).unwrap();
        assert_eq!(Record::from_row(&record.row(), settled).as_ref(), Some(&record));
        let archived = Record::from_archive(&record.archive(NOW, true)).unwrap();
        assert_eq!((archived.written_at, archived.is_listed), (Some(NOW), true));
        // The archive is what is certain: nothing there waits to be confirmed.
        let certain = Record {
            unconfirmed: None,
            ..record.clone()
        };
        assert_eq!(archived.record, certain);
        let listed = Transfer::decode(&record.listed()).unwrap();
        assert_eq!(
            (&listed.id, listed.version),
            (&record.transfer.id, record.transfer.version)
        );
        for view in View::ALL {
            serde_json::from_str::<serde::de::IgnoredAny>(&view.status_frame(&record)).unwrap();
        }
        let _asked = (record.held(), record.mark());
    }
}

/// A page of a shard's list, and a query after a zero byte: what is restored is written and restored as the same.
pub fn listed(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (page, query) = text.split_once('\0').unwrap_or((text, ""));
    let mut index = Index::default();
    index.restore(1, page);
    let written = index.page(1);
    let mut again = Index::default();
    again.restore(1, &written);
    assert_eq!(again.page(1), written);
    let ids = |index: &Index| -> Vec<_> {
        let all = Filter::default();
        let listed = index.list(&all, None, usize::MAX);
        listed
            .map(|(place, _)| (place.updated_at, place.id.to_string()))
            .collect()
    };
    assert_eq!(ids(&again), ids(&index));
    let _written = (index.asked(NOW), index.expire(NOW), index.misplaced(0, 3));
    if let Ok(query) = Query::read(form_urlencoded::parse(query.as_bytes())) {
        let sent = Query::read(form_urlencoded::parse(query.to_query().as_bytes()));
        assert_eq!(sent.unwrap(), query);
        assert!((1..=200).contains(&query.limit));
        assert!(
            again
                .list(&query.filter, query.before.as_ref(), query.limit)
                .count()
                <= query.limit
        );
    }
}

/// Settings, a `NAME=value` a line, of any type that JSON has: what is taken is within its bounds, and no secret is shown.
pub fn settings(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if text.contains(SECRET) {
        return;
    }
    let var = |name: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        let (_, value) = pairs.find(|(known, _)| *known == name)?;
        Some(match serde_json::from_str(value) {
            Ok(Json::Null) => return None,
            Ok(Json::Bool(flag)) => Value::Flag(flag),
            Ok(Json::Number(number)) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            Ok(Json::Array(list)) => list
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .map_or(Value::Other, Value::List),
            Ok(Json::Object(_)) => Value::Other,
            Ok(Json::String(text)) => secret_or(name, text),
            Err(_) => secret_or(name, value.to_owned()),
        })
    };
    match Config::read(var) {
        Ok(config) => {
            assert!((1..=16_000).contains(&config.max_watchers));
            assert!((1..=64).contains(&config.recent_shards));
            assert!((86_400..=36_500 * 86_400).contains(&config.history_ttl_seconds));
            assert!(!format!("{config:?}").contains(SECRET), "a secret is shown");
        }
        Err(error) => {
            assert!(
                !format!("{error} {error:?}").contains(SECRET),
                "a secret is shown"
            );
        }
    }
}

fn secret_or(name: &str, text: String) -> Value {
    let is_secret = name.contains("HMAC") || name.contains("TOKEN");
    Value::Text(match is_secret && !text.trim().is_empty() {
        true => format!("{SECRET}{text}"),
        false => text,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::ALL;

    #[test]
    fn what_holds_for_any_bytes_holds_for_the_whole_corpus() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (name, target) in ALL {
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
}
