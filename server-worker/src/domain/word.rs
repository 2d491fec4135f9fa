//! The status words of the earlier API, and which of them a reader gets back. Pure.
//!
//! Several words stand for one status of ours. The one that the backend used is kept beside the transfer,
//! so that whoever reads by the earlier API sees the backend's own word.

use transfer_status_protocol::Status;

/// The words that are read, for messages.
pub(crate) const WORDS: &str =
    "one of PENDING, PROCESSING, IN_FLIGHT, COMPLETED, PAID, SETTLED, FAILED, CANCELLED";

/// The status that a word stands for; `None` for any other word, another case included.
pub(crate) fn status(word: &str) -> Option<Status> {
    match word {
        "PENDING" => Some(Status::Pending),
        "PROCESSING" | "IN_FLIGHT" => Some(Status::Processing),
        "COMPLETED" | "PAID" | "SETTLED" => Some(Status::Completed),
        "FAILED" => Some(Status::Failed),
        "CANCELLED" => Some(Status::Cancelled),
        _ => None,
    }
}

/// The word that a reader gets: the one that the backend `used`, if it stands for this status, else the
/// status's own.
pub(crate) fn shown<'a>(status: &'a Status, used: Option<&'a str>) -> &'a str {
    if let Some(used) = used
        && self::status(used).as_ref() == Some(status)
    {
        return used;
    }
    match status {
        Status::Pending => "PENDING",
        Status::Processing => "PROCESSING",
        Status::Completed => "COMPLETED",
        Status::Failed => "FAILED",
        Status::Cancelled => "CANCELLED",
        other => other.as_str(),
    }
}

/// The word that is kept after an update that `used` one, or came by our own API and used none: that says nothing
/// against the word that stands, which is `None` for a status that has just begun.
pub(crate) fn patched<'a>(standing: Option<&'a str>, used: Option<&'a str>) -> Option<&'a str> {
    used.or(standing)
}

#[cfg(test)]
mod tests {
    use transfer_status_protocol::Status;

    use super::{WORDS, shown, status};

    const ALL: [(&str, Status); 8] = [
        ("PENDING", Status::Pending),
        ("PROCESSING", Status::Processing),
        ("IN_FLIGHT", Status::Processing),
        ("COMPLETED", Status::Completed),
        ("PAID", Status::Completed),
        ("SETTLED", Status::Completed),
        ("FAILED", Status::Failed),
        ("CANCELLED", Status::Cancelled),
    ];

    #[test]
    fn every_word_of_the_field_is_read_and_comes_back_as_it_was_used() {
        for (word, expected) in ALL {
            assert_eq!(status(word), Some(expected.clone()), "{word}");
            assert_eq!(shown(&expected, Some(word)), word);
            assert!(WORDS.contains(word));
        }
    }

    #[test]
    fn any_other_word_is_refused() {
        for word in [
            "",
            "paid",
            "Paid",
            "PAID ",
            "pending",
            "IN FLIGHT",
            "IN-FLIGHT",
            "REFUNDED",
            "CANCELED",
        ] {
            assert_eq!(status(word), None, "{word}");
        }
    }

    #[test]
    fn a_status_of_our_api_is_shown_by_its_own_word() {
        let statuses = ["pending", "processing", "completed", "failed", "cancelled"];
        for name in statuses {
            let status: Status = name.parse().unwrap();
            assert_eq!(shown(&status, None), name.to_uppercase());
        }
        assert_eq!(
            shown(&Status::Failed, Some("PAID")),
            "FAILED",
            "a word of another status is not shown"
        );
    }
}
