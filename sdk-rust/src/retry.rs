//! How long to try, and how long to wait in between.

use std::time::{Duration, SystemTime};

/// How long a request is tried, and how often. The defaults are a publisher's: they suit a backend that waits for the
/// answer.
///
/// ```
/// use std::time::Duration;
/// use transfer_status::RetryPolicy;
///
/// let patient = RetryPolicy::default().with_attempts(20).with_deadline(Duration::from_secs(300));
/// assert_eq!(patient.attempt_timeout, Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The most attempts, the first included; 6 by default.
    pub attempts: u32,
    /// How long one attempt may take, from dialing to the last byte of the answer; 10 s by default.
    pub attempt_timeout: Duration,
    /// How long all attempts and the waits between them may take; 45 s by default.
    pub deadline: Duration,
    /// The most that the first wait takes; it doubles with each further one. 250 ms by default.
    pub backoff_base: Duration,
    /// The most that any wait takes, unless the service asks for a longer one; 10 s by default.
    pub backoff_cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 6,
            attempt_timeout: Duration::from_secs(10),
            deadline: Duration::from_secs(45),
            backoff_base: Duration::from_millis(250),
            backoff_cap: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// One attempt and no more.
    pub fn none() -> Self {
        Self::default().with_attempts(1)
    }

    /// The most attempts, the first included.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// How long one attempt may take, from dialing to the last byte of the answer.
    #[must_use]
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How long all attempts and the waits between them may take. A further attempt is made only with a second or
    /// more left for it.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The most that the first wait takes, doubling with each further one, and the most that any takes.
    #[must_use]
    pub fn with_backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.backoff_base = base;
        self.backoff_cap = cap;
        self
    }

    /// The wait after attempt number `attempt`: full jitter, on top of what the service asked for.
    ///
    /// Jitter stays on top, so that all who were told the same time do not come back at the same moment.
    pub(crate) fn pause(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let most = self.backoff_base.saturating_mul(doubled).min(self.backoff_cap);
        let jitter = most.mul_f64(fastrand::f64());
        retry_after.unwrap_or_default().saturating_add(jitter)
    }
}

/// Reads `Retry-After`: seconds, or a date of HTTP (RFC 9110, section 10.2.3). `now` is the answer's own time.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_never_exceed_it() {
        let policy = RetryPolicy::default();
        for (attempt, most_ms) in [
            (1, 250),
            (2, 500),
            (3, 1_000),
            (6, 8_000),
            (7, 10_000),
            (u32::MAX, 10_000),
        ] {
            let longest = (0..200).map(|_| policy.pause(attempt, None)).max().unwrap();
            let most = Duration::from_millis(most_ms);
            assert!(longest <= most, "attempt {attempt}: {longest:?}");
            assert!(
                longest > most / 2,
                "jitter uses the whole range, attempt {attempt}: {longest:?}"
            );
        }
    }

    #[test]
    fn no_wait_is_shorter_than_the_service_asked_for() {
        let asked = Duration::from_secs(7);
        let policy = RetryPolicy::default();
        assert!((0..200).all(|_| policy.pause(1, Some(asked)) >= asked));
        assert_eq!(policy.pause(1, Some(Duration::MAX)), Duration::MAX);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after(" 0 ", now), Some(Duration::ZERO));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now),
            Some(Duration::from_secs(60))
        );
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now),
            Some(Duration::ZERO),
            "in the past"
        );
        for nonsense in ["", "-1", "+1", "1.5", "soon", "99999999999999999999"] {
            assert_eq!(retry_after(nonsense, now), None, "{nonsense}");
        }
    }
}
