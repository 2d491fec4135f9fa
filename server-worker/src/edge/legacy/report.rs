//! What a backend of the earlier API posts: `{"token": "<payload>.<mac>"}`, verified and then read. Pure.

use serde_json::value::RawValue;
use transfer_status_protocol::json::{self, Whole};
use transfer_status_protocol::sign::{KeyRing, TimestampPolicy, Verified};
use transfer_status_protocol::signature;
use transfer_status_protocol::update::InvalidUpdate;
use transfer_status_protocol::{DecodeError, Patch, Update};

use super::error::LegacyError;
use crate::domain::word;

/// What an id has to be, for messages.
pub(crate) const ID: &str = "1 to 128 of A-Z a-z 0-9 . _ ~ : -";
const MERCHANT: &str = "a string of 1 to 128 characters";
const DETAILS: &str = "a string of up to 1,024 characters, or null";
const CUSTOMER: &str = "a string of up to 128 characters, or null";
const EXPIRY: &str = "Unix seconds";
/// How far ahead an expiry may lie that stands for a timestamp.
const MOST_AHEAD_SECONDS: u64 = 86_400;

/// A verified report of a status.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    /// What it says, in our words.
    pub(crate) update: Update,
    /// The same as a body of `POST /update`.
    pub(crate) body: Vec<u8>,
    /// The word that it used for the status.
    pub(crate) word: String,
}

/// The token in a body; `None` when the body is something else.
pub(crate) fn token_in(body: &[u8]) -> Option<String> {
    let [token] = json::last_fields(str::from_utf8(body).ok()?, ["token"]).ok()?;
    json::required(token, "token", "a string").ok()
}

impl Report {
    /// Verifies a token under the update key and reads what it says. Nothing of the payload is parsed before
    /// its MAC was found right.
    ///
    /// An `expiry` is honoured; with [`TimestampPolicy::Required`] there has to be one, a day ahead at most: until then
    /// the token can be sent again.
    ///
    /// # Errors
    /// [`LegacyError`]: `unauthorized` for a token that does not count, `bad_request` for what it says.
    pub(crate) fn open(
        keys: &KeyRing,
        token: &str,
        now_unix_seconds: u64,
        policy: TimestampPolicy,
    ) -> Result<Self, LegacyError> {
        let text = signature::open(keys, token)?;
        let payload = Payload::read(&text).map_err(LegacyError::Body)?;
        match payload.expiry().map_err(LegacyError::Body)? {
            Some(expiry) if now_unix_seconds > expiry => return Err(LegacyError::Expired),
            Some(expiry)
                if policy == TimestampPolicy::Required
                    && expiry.saturating_sub(now_unix_seconds) > MOST_AHEAD_SECONDS =>
            {
                return Err(LegacyError::ExpiryTooFar);
            }
            None if policy == TimestampPolicy::Required => return Err(LegacyError::NoExpiry),
            _ => {}
        }
        payload.report().map_err(LegacyError::Body)
    }
}

/// The signed object: `{transferRequestId, merchantId, status, details?, customerName?, expiry?}`.
struct Payload<'a> {
    transfer_request_id: Option<&'a RawValue>,
    merchant_id: Option<&'a RawValue>,
    status: Option<&'a RawValue>,
    details: Option<&'a RawValue>,
    customer_name: Option<&'a RawValue>,
    expiry: Option<&'a RawValue>,
}

impl<'a> Payload<'a> {
    fn read(text: &'a Verified<String>) -> Result<Self, DecodeError> {
        let [
            transfer_request_id,
            merchant_id,
            status,
            details,
            customer_name,
            expiry,
        ] = json::last_fields(
            text.get(),
            [
                "transferRequestId",
                "merchantId",
                "status",
                "details",
                "customerName",
                "expiry",
            ],
        )?;
        Ok(Self {
            transfer_request_id,
            merchant_id,
            status,
            details,
            customer_name,
            expiry,
        })
    }

    fn expiry(&self) -> Result<Option<u64>, DecodeError> {
        let expiry = json::optional(self.expiry, "expiry", EXPIRY)?;
        Ok(expiry.map(|Whole(expiry)| expiry))
    }

    fn report(&self) -> Result<Report, DecodeError> {
        let id = json::required(self.transfer_request_id, "transferRequestId", ID)?;
        let word: String = json::required(self.status, "status", word::WORDS)?;
        let status = word::status(&word).ok_or_else(|| invalid("status", word::WORDS))?;
        let merchant_id: String = json::required(self.merchant_id, "merchantId", MERCHANT)?;
        let mut update = Update::new(id, status).with_merchant_id(merchant_id);
        update.message = Patch::read(self.details, "details", DETAILS)?;
        update.customer_id = match Patch::<String>::read(self.customer_name, "customerName", CUSTOMER)? {
            // A form that was left empty; the field itself never is.
            Patch::Set(name) if name.is_empty() => Patch::Remove,
            name => name,
        };
        let body = update.encode().map_err(|error| match error {
            InvalidUpdate::MessageTooLong => invalid("details", DETAILS),
            InvalidUpdate::CustomerId => invalid("customerName", CUSTOMER),
            InvalidUpdate::MerchantId => invalid("merchantId", MERCHANT),
            _ => invalid("status", word::WORDS),
        })?;
        Ok(Report { update, body, word })
    }
}

fn invalid(field: &'static str, expected: &'static str) -> DecodeError {
    DecodeError::Invalid { field, expected }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use transfer_status_protocol::sign::{Key, KeyRing, TimestampPolicy, Verified};
    use transfer_status_protocol::signature::{self, Claims};
    use transfer_status_protocol::{DecodeError, Patch, Status, TransferId, Update};

    use super::{LegacyError, Report, token_in};

    const NOW: u64 = 1_732_950_839;

    fn key(secret: &str) -> Key {
        Key::new(secret).unwrap()
    }

    fn open_with(payload: &str, policy: TimestampPolicy) -> Result<Report, LegacyError> {
        let token = signature::seal(&key("update"), payload);
        Report::open(&KeyRing::new(key("update")), &token, NOW, policy)
    }

    fn open(payload: &str) -> Result<Report, LegacyError> {
        open_with(payload, TimestampPolicy::Optional)
    }

    fn payload(fields: &str) -> String {
        format!(r#"{{"transferRequestId":"tr_1","merchantId":"m-1"{fields}}}"#)
    }

    #[test]
    fn a_report_of_the_field_is_an_update_of_ours() {
        let report = open(&payload(
            r#","status":"IN_FLIGHT","details":"Überweisung läuft \ud83d\udcb8","customerName":"Zoë Łukasik","till":4"#,
        ))
        .unwrap();
        let update = report.update;
        assert_eq!(
            (update.transfer_id.as_str(), &update.status),
            ("tr_1", &Status::Processing)
        );
        assert_eq!(
            update.message,
            Patch::Set("Überweisung läuft \u{1f4b8}".to_owned())
        );
        assert_eq!(update.customer_id, Patch::Set("Zoë Łukasik".to_owned()));
        assert_eq!(update.merchant_id, Patch::Set("m-1".to_owned()));
        assert_eq!((&update.amount, &update.metadata), (&Patch::Keep, &Patch::Keep));
        assert_eq!(report.word, "IN_FLIGHT");
        assert_eq!(Update::decode(&Verified::by_caller(report.body)), Ok(update));
    }

    #[test]
    fn what_is_left_out_is_kept_and_null_removes() {
        let report = open(&payload(r#","status":"PAID""#)).unwrap();
        assert_eq!(
            (report.update.message, report.update.customer_id),
            (Patch::Keep, Patch::Keep)
        );
        for empty in [
            r#""details":null,"customerName":null"#,
            r#""details":null,"customerName":"""#,
        ] {
            let report = open(&payload(&format!(r#","status":"PAID",{empty}"#))).unwrap();
            assert_eq!(
                (report.update.message, report.update.customer_id),
                (Patch::Remove, Patch::Remove)
            );
        }
    }

    #[test]
    fn an_expiry_is_honoured_to_the_second() {
        let open = |expiry: &str, policy| {
            open_with(&payload(&format!(r#","status":"PAID"{expiry}"#)), policy).map(|report| report.word)
        };
        let optional = TimestampPolicy::Optional;
        assert!(open("", optional).is_ok() && open(r#","expiry":null"#, optional).is_ok());
        for policy in [optional, TimestampPolicy::Required] {
            assert!(open(&format!(r#","expiry":{NOW}"#), policy).is_ok());
            assert_eq!(
                open(&format!(r#","expiry":{}"#, NOW - 1), policy),
                Err(LegacyError::Expired)
            );
        }
        for missing in ["", r#","expiry":null"#] {
            assert_eq!(
                open(missing, TimestampPolicy::Required),
                Err(LegacyError::NoExpiry)
            );
        }
        assert!(open(&format!(r#","expiry":{NOW}.9"#), optional).is_ok());
        assert_eq!(open(r#","expiry":1.5"#, optional), Err(LegacyError::Expired));
        for wrong in ["-1", "-0.5", "\"9999999999\"", "true", "{}"] {
            let error = open(&format!(r#","expiry":{wrong}"#), optional).unwrap_err();
            assert!(error.to_string().contains("expiry"), "{error}");
        }
    }

    #[test]
    fn an_expiry_that_stands_for_a_timestamp_is_a_day_ahead_at_most() {
        let required = TimestampPolicy::Required;
        let open = |expiry: u64, policy| {
            open_with(
                &payload(&format!(r#","status":"PAID","expiry":{expiry}"#)),
                policy,
            )
            .map(drop)
        };
        assert_eq!(open(NOW + 86_400, required), Ok(()));
        for far in [NOW + 86_401, 253_402_300_799, u64::MAX] {
            assert_eq!(open(far, required), Err(LegacyError::ExpiryTooFar), "{far}");
            assert_eq!(open(far, TimestampPolicy::Optional), Ok(()), "{far}");
        }
    }

    #[test]
    fn what_a_report_may_not_say_is_named() {
        let long = |length: usize| "x".repeat(length);
        for (fields, field) in [
            (r#","status":"paid""#.to_owned(), "status"),
            (r#","status":"REFUNDED""#.to_owned(), "status"),
            (r#","status":7"#.to_owned(), "status"),
            (String::new(), "status"),
            (
                format!(r#","status":"PAID","details":"{}""#, long(1025)),
                "details",
            ),
            (r#","status":"PAID","details":7"#.to_owned(), "details"),
            (
                format!(r#","status":"PAID","customerName":"{}""#, long(129)),
                "customerName",
            ),
            (r#","status":"PAID","customerName":[]"#.to_owned(), "customerName"),
            (r#","status":"PAID","merchantId":"""#.to_owned(), "merchantId"),
            (r#","status":"PAID","merchantId":null"#.to_owned(), "merchantId"),
            (
                format!(r#","status":"PAID","merchantId":"{}""#, long(129)),
                "merchantId",
            ),
            (
                r#","status":"PAID","transferRequestId":"../x""#.to_owned(),
                "transferRequestId",
            ),
        ] {
            let error = open(&payload(&fields)).unwrap_err();
            assert!(matches!(error, LegacyError::Body(_)), "{error:?}");
            assert!(error.to_string().starts_with(field), "{fields}: {error}");
        }
        for (text, error) in [
            ("[]", DecodeError::NotAnObject),
            ("7", DecodeError::NotAnObject),
            ("{", DecodeError::NotJson { line: 1, column: 1 }),
        ] {
            assert_eq!(open(text), Err(LegacyError::Body(error)));
        }
    }

    #[test]
    fn a_subscription_reports_nothing_even_under_the_same_key() {
        let claims = Claims::new(TransferId::new("tr_1").unwrap(), "m-1", NOW).unwrap();
        let signature = signature::mint(&key("update"), &claims);
        let keys = KeyRing::new(key("update"));
        assert_eq!(
            Report::open(&keys, signature.expose(), NOW, TimestampPolicy::Optional),
            Err(LegacyError::Body(DecodeError::Missing { field: "status" }))
        );
    }

    #[test]
    fn only_the_update_key_and_the_one_before_it_count() {
        let keys = KeyRing::new(key("update")).with_previous(key("before"));
        for (secret, expected) in [("update", true), ("before", true), ("subscribe", false)] {
            let token = signature::seal(&key(secret), &payload(r#","status":"PAID""#));
            let opened = Report::open(&keys, &token, NOW, TimestampPolicy::Optional);
            assert_eq!(opened.is_ok(), expected, "{secret}");
            assert_ne!(opened.err(), Some(LegacyError::Malformed));
        }
        for token in ["", ".", "e30", "e30.", "e30.!", &"x".repeat(20_000)] {
            let opened = Report::open(&keys, token, NOW, TimestampPolicy::Optional);
            assert_eq!(opened, Err(LegacyError::Malformed), "{token}");
        }
    }

    #[test]
    fn the_token_is_found_in_the_body() {
        assert_eq!(token_in(br#"{"token":"a.b","more":1}"#).as_deref(), Some("a.b"));
        for body in [
            "",
            "null",
            "[]",
            r#"["a.b"]"#,
            r#"{"token":7}"#,
            r#"{"Token":"a.b"}"#,
            r#"{"transferId":"tr_1","status":"completed"}"#,
            "\u{fffd}",
        ] {
            assert_eq!(token_in(body.as_bytes()), None, "{body}");
        }
        assert_eq!(token_in(&[0xff, 0xfe]), None);
    }

    proptest! {
        #[test]
        fn any_text_that_fits_comes_through(details in "\\PC{0,200}", name in "\\PC{1,60}") {
            let payload = json!({
                "transferRequestId": "tr_1", "merchantId": "m", "status": "SETTLED",
                "details": details, "customerName": name,
            });
            let report = open(&payload.to_string()).unwrap();
            prop_assert_eq!(report.update.message, Patch::Set(details));
            prop_assert_eq!(report.update.customer_id, Patch::Set(name));
        }
    }
}
