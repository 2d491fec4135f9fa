//! One request's attempts: each in its time, all within the deadline, and no more at once than there are places.

use std::error::Error as StdError;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;

use crate::retry::RetryPolicy;

/// With less than this left, one more attempt could reach the service and not be answered: the error at hand, which
/// says what was wrong, would be lost to "no answer in time".
const USEFUL: Duration = Duration::from_secs(1);

/// What an attempt fails with.
pub(crate) trait AttemptError: StdError + Sized + 'static {
    /// There was no answer in time.
    const TIMED_OUT: Self;
    /// Whether the same request may succeed later.
    fn is_retryable(&self) -> bool;
    /// How long the service asked to wait.
    fn retry_after(&self) -> Option<Duration>;
}

/// Makes attempts until one succeeds, one fails for good, or the policy is used up. `places` bounds the attempts of all
/// requests; the wait for a place counts towards the deadline, not towards the attempt's time.
pub(crate) async fn run<T, E, F>(
    policy: RetryPolicy,
    places: &Semaphore,
    attempt: impl Fn() -> F,
) -> Result<T, E>
where
    E: AttemptError,
    F: Future<Output = Result<T, E>>,
{
    // A deadline too far off to be a point in time is none.
    let deadline = Instant::now().checked_add(policy.deadline);
    let left = || deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
    let useful = USEFUL.min(policy.attempt_timeout);
    let mut at_hand = None;
    let mut number = 1;
    loop {
        let Ok(Ok(place)) = timeout(left(), places.acquire()).await else {
            return Err(at_hand.unwrap_or(E::TIMED_OUT));
        };
        if left() < useful
            && let Some(error) = at_hand
        {
            return Err(error);
        }
        let answered = timeout(policy.attempt_timeout.min(left()), attempt()).await;
        drop(place);
        let error = match answered.unwrap_or(Err(E::TIMED_OUT)) {
            Ok(done) => {
                debug!(attempt = number, "answered");
                return Ok(done);
            }
            Err(error) => error,
        };
        debug!(attempt = number, error = &error as &dyn StdError, "not done");
        let pause = policy.pause(number, error.retry_after());
        if !error.is_retryable() || number >= policy.attempts || left() < pause.saturating_add(useful) {
            return Err(error);
        }
        sleep(pause).await;
        at_hand = Some(error);
        number += 1;
    }
}

#[cfg(all(test, feature = "publisher"))]
mod tests {
    use std::cell::RefCell;
    use std::future::pending;

    use http::StatusCode;

    use super::*;
    use crate::publisher::PublishError;

    fn busy(retry_after: Option<Duration>) -> PublishError {
        PublishError::Unavailable {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: None,
            retry_after,
            message: "the database is away".to_owned(),
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// No jitter, so that every moment is exact.
    fn policy() -> RetryPolicy {
        RetryPolicy::default().with_backoff(Duration::ZERO, Duration::ZERO)
    }

    /// What became of an update, and when its attempts began.
    async fn play(
        policy: RetryPolicy,
        answer: impl AsyncFn(usize) -> Result<(), PublishError>,
    ) -> (Result<(), PublishError>, Vec<Duration>) {
        let places = Semaphore::new(1);
        let began = Instant::now();
        let attempts = RefCell::new(Vec::new());
        let outcome = run(policy, &places, || async {
            attempts.borrow_mut().push(began.elapsed());
            let number = attempts.borrow().len();
            answer(number).await
        })
        .await;
        assert!(began.elapsed() <= policy.deadline, "{:?}", began.elapsed());
        (outcome, attempts.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_with_no_answer_is_given_up_in_time_for_the_next() {
        let (outcome, attempts) = play(policy(), async |number| match number {
            1 => pending().await,
            _ => Ok(()),
        })
        .await;
        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(attempts, [seconds(0), seconds(10)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_holds_for_a_service_that_never_answers() {
        let (outcome, attempts) = play(policy().with_attempts(100), async |_| pending().await).await;
        assert!(matches!(outcome, Err(PublishError::TimedOut)), "{outcome:?}");
        assert_eq!(
            attempts,
            [0, 10, 20, 30, 40].map(seconds),
            "the fifth has five seconds"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_service_is_asked_again_when_it_said_so() {
        let (outcome, attempts) = play(policy(), async |number| match number {
            1 => Err(busy(Some(seconds(7)))),
            2 => Err(busy(Some(seconds(30)))),
            _ => Ok(()),
        })
        .await;
        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(attempts, [0, 7, 37].map(seconds));
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_with_no_useful_time_left_is_not_made_and_the_error_at_hand_is_told() {
        let started = |after_ms| {
            play(policy(), async move |_| {
                sleep(Duration::from_millis(after_ms)).await;
                Err(busy(Some(Duration::from_millis(39_999 - after_ms))))
            })
        };
        // 45 s are the deadline: the second attempt begins with 5.001 s left, a third would with none.
        let (outcome, attempts) = started(1_000).await;
        assert!(
            matches!(outcome, Err(PublishError::Unavailable { .. })),
            "{outcome:?}"
        );
        assert_eq!(attempts.len(), 2);

        for (retry_after_ms, made) in [(44_000, 2), (44_001, 1), (44_999, 1), (45_000, 1)] {
            let wait = Duration::from_millis(retry_after_ms);
            let (outcome, attempts) = play(policy(), async |number| match number {
                1 => Err(busy(Some(wait))),
                _ => pending().await,
            })
            .await;
            assert_eq!(attempts.len(), made, "after {retry_after_ms} ms");
            let told = matches!(outcome, Err(PublishError::Unavailable { .. }));
            assert_eq!(told, made == 1, "after {retry_after_ms} ms: {outcome:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_attempt_needs_no_more_than_its_own_time() {
        let short = policy()
            .with_attempt_timeout(Duration::from_millis(100))
            .with_deadline(Duration::from_millis(250));
        let (outcome, attempts) = play(short, async |_| pending().await).await;
        assert!(matches!(outcome, Err(PublishError::TimedOut)), "{outcome:?}");
        assert_eq!(attempts, [0, 100].map(Duration::from_millis));
    }

    #[tokio::test(start_paused = true)]
    async fn the_attempts_are_bounded() {
        let (outcome, attempts) = play(policy().with_attempts(4), async |_| Err(busy(None))).await;
        assert!(
            matches!(outcome, Err(PublishError::Unavailable { .. })),
            "{outcome:?}"
        );
        assert_eq!(attempts.len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn updates_wait_for_a_place_and_not_beyond_their_deadline() {
        let places = Semaphore::new(1);
        let slow = run(policy(), &places, || async {
            sleep(seconds(9)).await;
            Ok::<_, PublishError>(())
        });
        let began = Instant::now();
        let patient = async {
            let outcome = run(policy(), &places, || async {
                // The wait for the place took nothing of the attempt's ten seconds.
                sleep(seconds(9)).await;
                Ok::<_, PublishError>(())
            });
            (outcome.await, began.elapsed())
        };
        let hasty = async {
            let policy = policy().with_deadline(seconds(3));
            let outcome = run(policy, &places, || async { Ok(()) });
            (outcome.await, began.elapsed())
        };
        let (slow, patient, hasty) = tokio::join!(slow, patient, hasty);
        assert!(slow.is_ok());
        assert!(patient.0.is_ok(), "{patient:?}");
        assert_eq!(patient.1, seconds(18));
        assert!(matches!(hasty.0, Err(PublishError::TimedOut)), "{hasty:?}");
        assert_eq!(hasty.1, seconds(3));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_holds_a_place_while_waiting_to_try_again() {
        let places = Semaphore::new(1);
        let began = Instant::now();
        let refused = RefCell::new(false);
        let first = run(policy(), &places, || async {
            if refused.replace(true) {
                Ok(())
            } else {
                Err(busy(Some(seconds(20))))
            }
        });
        let second = async {
            run(policy(), &places, || async { Ok::<_, PublishError>(()) })
                .await
                .unwrap();
            began.elapsed()
        };
        let (first, second) = tokio::join!(first, second);
        assert!(first.is_ok());
        assert_eq!(second, Duration::ZERO);
    }
}
