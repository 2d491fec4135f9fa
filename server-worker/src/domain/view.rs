//! A transfer as readers of the earlier API know it: upper-case words, `details`, times as numbers. Pure.

use std::borrow::Cow;

use serde::Serialize;
use transfer_status_protocol::{
    Amount, DecodeError, ErrorCode, Metadata, Timestamp, Transfer, TransferId, json,
};

use crate::domain::record::Record;
use crate::domain::word;

/// Which of the two APIs an answer or a socket speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// This service's own.
    #[default]
    Current,
    /// The earlier one.
    Legacy,
}

impl View {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Current, Self::Legacy];

    /// The earlier one, or ours.
    pub(crate) fn of(legacy: bool) -> Self {
        if legacy { Self::Legacy } else { Self::Current }
    }

    /// The transfer as JSON.
    pub(crate) fn transfer(self, record: &Record) -> Cow<'_, str> {
        match self {
            Self::Current => Cow::Borrowed(&record.doc),
            Self::Legacy => Cow::Owned(transfer(&record.transfer, record.word.as_deref())),
        }
    }

    /// The message with the whole transfer.
    pub(crate) fn status_frame(self, record: &Record) -> String {
        format!(r#"{{"type":"status","transfer":{}}}"#, self.transfer(record))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: &'a TransferId,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<&'a Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<&'a str>,
    updated_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

/// The transfer, with the word that the backend used for its status.
pub(crate) fn transfer(transfer: &Transfer, used: Option<&str>) -> String {
    write(&Shown {
        id: &transfer.id,
        status: word::shown(&transfer.status, used),
        details: transfer.message.as_deref(),
        amount: transfer.amount.as_ref(),
        merchant_id: transfer.merchant_id.as_deref(),
        customer_name: transfer.customer_id.as_deref(),
        updated_at: transfer.updated_at.unix_millis(),
        metadata: transfer.metadata.as_ref(),
        version: transfer.version,
    })
}

/// The message that somebody has scanned the code, or let it go again.
pub(crate) fn scan_frame(id: &TransferId, scanned: bool, at: Timestamp) -> String {
    let scan_type = if scanned { "scanned" } else { "unscanned" };
    let at = at.unix_millis();
    format!(r#"{{"type":"scan","scanType":"{scan_type}","transferId":"{id}","timestamp":{at}}}"#)
}

/// The error object of an update that may not follow, around the transfer as it stays.
pub(crate) fn conflict(message: &str, transfer: &Transfer, used: Option<&str>) -> String {
    format!(
        r#"{{"type":"error","code":"{}","message":{},"transfer":{}}}"#,
        ErrorCode::Conflict,
        write(&message),
        self::transfer(transfer, used)
    )
}

/// A list of transfers in the earlier API's view: newest first, each once.
#[derive(Debug, Default)]
pub(crate) struct List(Vec<Listed>);

#[derive(Debug)]
struct Listed {
    updated_at: i64,
    id: String,
    shown: String,
}

impl List {
    /// Adds a page of the recent index, `{"transfers":[…], …}`.
    pub(crate) fn add_page(&mut self, page: &str) -> Result<(), DecodeError> {
        let [transfers] = json::fields(page, ["transfers"])?;
        let transfers = transfers.and_then(|transfers| json::items(transfers.get()));
        for listed in transfers.ok_or(DecodeError::Missing { field: "transfers" })? {
            let [word] = json::fields(listed.get(), ["word"])?;
            let word: Option<String> = json::optional(word, "word", "a string")?;
            let listed = Transfer::decode(listed.get())?;
            self.add(transfer(&listed, word.as_deref()))?;
        }
        Ok(())
    }

    /// Adds one as [`transfer`] shows it; of two with one id the newer counts.
    pub(crate) fn add(&mut self, shown: String) -> Result<(), DecodeError> {
        let [id, updated_at] = json::fields(&shown, ["id", "updatedAt"])?;
        let id: String = json::required(id, "id", "a string")?;
        let updated_at = json::required(updated_at, "updatedAt", "an integer")?;
        if let Some(known) = self.0.iter().position(|known| known.id == id) {
            if self
                .0
                .get(known)
                .is_some_and(|known| known.updated_at > updated_at)
            {
                return Ok(());
            }
            self.0.remove(known);
        }
        let is_newer = |known: &Listed| (known.updated_at, &known.id) > (updated_at, &id);
        let place = self.0.partition_point(is_newer);
        self.0.insert(
            place,
            Listed {
                updated_at,
                id,
                shown,
            },
        );
        Ok(())
    }

    /// The newest of them as `{"transfers":[…]}`.
    pub(crate) fn encode(&self, limit: usize) -> String {
        let newest: Vec<_> = self
            .0
            .iter()
            .take(limit)
            .map(|listed| listed.shown.as_str())
            .collect();
        format!(r#"{{"transfers":[{}]}}"#, newest.join(","))
    }
}

fn write(value: &impl Serialize) -> String {
    // Text, integers and JSON that was checked when its type was made: no serializer here can fail.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use transfer_status_protocol::{Metadata, ServerMessage, Status, Timestamp, Transfer, TransferId};

    use super::{List, View, conflict, scan_frame, transfer};
    use crate::domain::record::Record;

    fn id() -> TransferId {
        TransferId::new("tr_1").unwrap()
    }

    fn paid() -> Transfer {
        let at = Timestamp::from_unix_millis(1_705_314_600_123);
        let mut transfer = Transfer::new(id(), Status::Completed, at);
        transfer.message = Some("\"bezahlt\" für \u{1f4b8}".to_owned());
        transfer.amount = Some("12.10".parse().unwrap());
        transfer.merchant_id = Some("m-1".to_owned());
        transfer.customer_id = Some("Zoë".to_owned());
        transfer.metadata = Some(Metadata::from_json(r#"{"till":4}"#).unwrap());
        transfer.version = Some(3);
        transfer
    }

    const PAID: &str = r#"{"id":"tr_1","status":"PAID","details":"\"bezahlt\" für 💸","amount":12.10,"merchantId":"m-1","customerName":"Zoë","updatedAt":1705314600123,"metadata":{"till":4},"version":3}"#;

    #[test]
    fn a_transfer_reads_as_the_deployed_clients_know_it() {
        assert_eq!(transfer(&paid(), Some("PAID")), PAID);
        let bare = Transfer::announced(id(), Timestamp::from_unix_millis(7));
        assert_eq!(
            transfer(&bare, None),
            r#"{"id":"tr_1","status":"PENDING","updatedAt":7,"version":0}"#
        );
    }

    #[test]
    fn each_view_has_its_status_message() {
        let record = Record::changed(paid(), None, Some("PAID".to_owned()));
        assert_eq!(
            View::Current.status_frame(&record),
            ServerMessage::encode_status(&paid())
        );
        assert_eq!(
            View::Legacy.status_frame(&record),
            format!(r#"{{"type":"status","transfer":{PAID}}}"#)
        );
    }

    #[test]
    fn a_refusal_shows_the_transfer_in_the_same_view() {
        assert_eq!(
            conflict("it is \"final\"", &paid(), Some("PAID")),
            format!(r#"{{"type":"error","code":"conflict","message":"it is \"final\"","transfer":{PAID}}}"#)
        );
    }

    #[test]
    fn a_scan_is_told_in_both_directions() {
        let at = Timestamp::from_unix_millis(1_705_314_600_123);
        assert_eq!(
            scan_frame(&id(), true, at),
            r#"{"type":"scan","scanType":"scanned","transferId":"tr_1","timestamp":1705314600123}"#
        );
        assert!(scan_frame(&id(), false, at).contains(r#""scanType":"unscanned""#));
    }

    #[test]
    fn a_list_is_newest_first_each_transfer_once_and_with_its_own_word() {
        let listed = |id: &str, at: i64| {
            let at = Timestamp::from_unix_millis(at);
            Transfer::new(TransferId::new(id).unwrap(), Status::Completed, at)
        };
        let mut paid = listed("b", 3).encode();
        assert_eq!(paid.pop(), Some('}'));
        let page = format!(
            r#"{{"transfers":[{paid},"word":"PAID"}},{},{}],"next":"abc"}}"#,
            listed("a", 3).encode(),
            listed("c", 1).encode(),
        );
        let shown = |id: &str, status: &str, at: i64| {
            format!(r#"{{"id":"{id}","status":"{status}","updatedAt":{at}}}"#)
        };
        let mut list = List::default();
        list.add_page(&page).unwrap();
        let (a, b, c) = (
            shown("a", "COMPLETED", 3),
            shown("b", "PAID", 3),
            shown("c", "COMPLETED", 1),
        );
        assert_eq!(list.encode(200), format!(r#"{{"transfers":[{b},{a},{c}]}}"#));

        // One of its own, which the index shows at an older version, and one that it knows better.
        list.add(shown("c", "FAILED", 2)).unwrap();
        list.add(shown("a", "PENDING", 2)).unwrap();
        let c = shown("c", "FAILED", 2);
        assert_eq!(list.encode(200), format!(r#"{{"transfers":[{b},{a},{c}]}}"#));
        assert_eq!(list.encode(1), format!(r#"{{"transfers":[{b}]}}"#));
    }

    #[test]
    fn a_list_of_nothing_is_empty_and_what_is_no_page_is_an_error() {
        let mut list = List::default();
        list.add_page(r#"{"transfers":[],"next":null}"#).unwrap();
        assert_eq!(list.encode(200), r#"{"transfers":[]}"#);
        for other in ["", "{}", "[]", r#"{"transfers":[{}]}"#, r#"{"transfers":[7]}"#] {
            assert!(list.add_page(other).is_err(), "{other}");
        }
    }
}
