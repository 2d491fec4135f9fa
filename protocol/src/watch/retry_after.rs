//! `Retry-After` as a pause (RFC 9110, section 10.2.3): seconds, or a date.

use std::time::{SystemTime, UNIX_EPOCH};

/// The pause in milliseconds that a `Retry-After` header asks for, or `None` where it cannot be read.
///
/// A date is judged by the answer's own `Date`, as the clock here may be wrong; where there is none, by `unix_ms`.
///
/// ```
/// use transfer_status_protocol::watch::retry_after_ms;
///
/// assert_eq!(retry_after_ms("15", None, 0), Some(15_000));
/// let date = "Sun, 06 Nov 1994 08:49:37 GMT";
/// assert_eq!(retry_after_ms("Sun, 06 Nov 1994 08:50:07 GMT", Some(date), 0), Some(30_000));
/// assert_eq!(retry_after_ms("soon", None, 0), None);
/// ```
pub fn retry_after_ms(value: &str, date: Option<&str>, unix_ms: i64) -> Option<u32> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are still a number: the longest pause there is.
        let seconds = value.parse().unwrap_or(u32::MAX);
        return Some(seconds.saturating_mul(1_000));
    }
    let at = millis_of(value)?;
    let now = date.and_then(|date| millis_of(date.trim())).unwrap_or(unix_ms);
    Some(u32::try_from(at.saturating_sub(now).max(0)).unwrap_or(u32::MAX))
}

fn millis_of(date: &str) -> Option<i64> {
    let at: SystemTime = httpdate::parse_http_date(date).ok()?;
    i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::retry_after_ms;

    #[test]
    fn seconds_are_taken_as_they_are() {
        assert_eq!(retry_after_ms("0", None, 0), Some(0));
        assert_eq!(retry_after_ms(" 120 ", None, 0), Some(120_000));
        assert_eq!(retry_after_ms("99999999999999999999999", None, 0), Some(u32::MAX));
        for nonsense in ["", "-1", "1.5", "1e3", "+5", "soon", "１２"] {
            assert_eq!(retry_after_ms(nonsense, None, 0), None, "{nonsense}");
        }
    }

    #[test]
    fn a_date_is_judged_by_the_date_of_the_answer_and_not_by_a_wrong_clock() {
        let at = "Tue, 15 Nov 1994 12:45:26 GMT";
        let unix_ms = 784_903_526_000;
        for date in [
            "Tue, 15 Nov 1994 12:45:06 GMT",
            "Tuesday, 15-Nov-94 12:45:06 GMT",
            "Tue Nov 15 12:45:06 1994",
        ] {
            assert_eq!(retry_after_ms(at, Some(date), 0), Some(20_000), "{date}");
        }
        assert_eq!(retry_after_ms(at, None, unix_ms - 7_000), Some(7_000));
        assert_eq!(retry_after_ms(at, Some("no date"), unix_ms - 7_000), Some(7_000));
        assert_eq!(
            retry_after_ms(at, None, unix_ms + 7_000),
            Some(0),
            "it has passed"
        );
        assert_eq!(retry_after_ms(at, None, i64::MIN), Some(u32::MAX));
    }
}
