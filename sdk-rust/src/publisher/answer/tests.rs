//! What each answer means: the service's own by its code, a stranger's by its status alone.

use std::time::{Duration, UNIX_EPOCH};

use transfer_status_protocol::error::ErrorCode;
use transfer_status_protocol::transfer::Status;

use super::*;

/// When the updates of these tests were sent: Sun, 06 Nov 1994 08:49:37 GMT.
const SENT: u64 = 784_111_777;
const SAYS: &str = "what the service says";
const STRANGER: &str = "<html>Sign in at 10.0.0.1</html>";

fn update() -> Update {
    Update::new("order-1042".parse().unwrap(), Status::Completed)
}

fn own(code: &str) -> String {
    format!(r#"{{"type":"error","code":"{code}","message":"{SAYS}"}}"#)
}

fn stored(id: &str, status: &str) -> String {
    format!(r#"{{"id":"{id}","status":"{status}","updatedAt":"2024-01-15T10:30:00.000Z","version":3}}"#)
}

fn conflict_with(transfer: &str) -> String {
    format!(r#"{{"type":"error","code":"conflict","message":"{SAYS}","transfer":{transfer}}}"#)
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Transfer, PublishError> {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    let now = UNIX_EPOCH + Duration::from_secs(SENT);
    read(
        &update(),
        &answer.body(Bytes::from(body.to_owned())).unwrap(),
        now,
        now,
    )
}

fn refused(status: u16, body: &str) -> PublishError {
    answer(status, &[], body).unwrap_err()
}

#[test]
fn the_services_code_is_what_counts_whatever_the_status() {
    use PublishError as E;
    for status in [200, 400, 401, 404, 500, 502] {
        let error = |code| refused(status, &own(code));
        assert!(matches!(error("bad_request"), E::BadRequest { .. }), "{status}");
        assert!(
            matches!(error("unauthorized"), E::Unauthorized { .. }),
            "{status}"
        );
        assert!(matches!(error("expired"), E::Unauthorized { .. }), "{status}");
        assert!(
            matches!(error("conflict"), E::Conflict { current: None, .. }),
            "{status}"
        );
        assert!(matches!(error("too_large"), E::TooLarge { .. }), "{status}");
        assert!(matches!(error("rate_limited"), E::RateLimited { .. }), "{status}");
        assert!(matches!(error("internal"), E::Unavailable { .. }), "{status}");
        assert!(matches!(error("unavailable"), E::Unavailable { .. }), "{status}");
        for code in ["forbidden", "not_found", "method_not_allowed", "upgrade_required"] {
            assert!(
                matches!(error(code), E::UnexpectedResponse { .. }),
                "{status} {code}"
            );
        }
    }
    let error = refused(503, &own("unavailable"));
    assert_eq!(error.code(), Some(ErrorCode::Unavailable));
    assert!(error.to_string().ends_with(SAYS), "{error}");
}

#[test]
fn a_code_from_the_future_is_taken_by_its_status() {
    use PublishError as E;
    let error = |status| refused(status, &own("from_the_future"));
    assert!(matches!(error(400), E::BadRequest { .. }));
    assert!(matches!(error(401), E::Unauthorized { .. }));
    assert!(matches!(error(409), E::Conflict { current: None, .. }));
    assert!(matches!(error(413), E::TooLarge { .. }));
    assert!(matches!(error(429), E::RateLimited { .. }));
    assert!(matches!(error(418), E::UnexpectedResponse { .. }));
    for status in [408, 425, 500, 503, 522] {
        assert!(matches!(error(status), E::Unavailable { .. }), "{status}");
    }
    assert_eq!(error(400).code(), Some(ErrorCode::Other));
    assert!(error(400).to_string().ends_with(SAYS));
}

#[test]
fn a_strangers_answer_is_taken_by_its_status_and_its_text_is_never_shown() {
    for status in 300..=599 {
        for body in [
            STRANGER,
            "",
            r#"{"type":"error","code":"unauthorized"}"#,
            r#"{"message":"hi"}"#,
            r#"{"type":"error","message":"hi"}"#,
            r#"{"type":"error","code":7,"message":"hi"}"#,
        ] {
            let error = refused(status, body);
            let transient =
                matches!(status, 408 | 425 | 429 | 500..=599) && !matches!(status, 501 | 505 | 511);
            assert_eq!(error.is_retryable(), transient, "{status}");
            assert!(
                !error.is_final(),
                "{status}: nobody who knows the update has refused it"
            );
            assert_eq!(error.code(), None, "{status}");
            let told = format!("{error} {error:?}");
            assert!(!told.contains("10.0.0.1") && !told.contains("hi\""), "{told}");
            assert!(!told.contains("HMAC_SECRET"), "the key is not to blame: {told}");
        }
    }
    assert_eq!(
        refused(401, STRANGER).to_string(),
        "unexpected answer (HTTP 401 Unauthorized), check the service's URL: it is not the service's own; a proxy, a \
         firewall or an access product asks for its own proof"
    );
    assert_eq!(
        refused(522, STRANGER).to_string(),
        "the service cannot serve now (HTTP 522 <unknown status code>): it came without the service's error body"
    );
}

#[test]
fn a_success_is_the_transfer_that_was_sent_and_nothing_else() {
    assert_eq!(
        answer(200, &[], &stored("order-1042", "completed"))
            .unwrap()
            .version,
        Some(3)
    );
    for (status, body) in [
        (200, stored("order-7", "completed")),
        (200, STRANGER.to_owned()),
        (204, String::new()),
        (202, stored("order-1042", "completed")),
    ] {
        let error = refused(status, &body);
        assert!(
            matches!(error, PublishError::UnexpectedResponse { .. }),
            "{status}: {error:?}"
        );
        assert!(!error.is_retryable() && !error.is_final());
    }
}

#[test]
fn a_conflict_is_one_also_where_the_transfer_cannot_be_read() {
    let error = refused(409, &conflict_with(&stored("order-1042", "failed")));
    assert_eq!(error.current().unwrap().status, Status::Failed);
    assert_eq!(
        error.to_string(),
        format!("the transfer is already failed: {SAYS}")
    );
    assert!(error.is_final() && !error.is_retryable());

    for body in [
        own("conflict"),
        conflict_with("null"),
        conflict_with("{}"),
        conflict_with(r#"{"id":7}"#),
        // Another transfer's state is none of this one's.
        conflict_with(&stored("order-7", "failed")),
    ] {
        let error = refused(409, &body);
        assert!(
            matches!(error, PublishError::Conflict { current: None, .. }),
            "{body}: {error:?}"
        );
        assert_eq!(
            error.to_string(),
            format!("the update conflicts with the transfer as it is stored (HTTP 409): {SAYS}")
        );
        assert!(error.is_final());
    }
    let stranger = refused(409, STRANGER);
    assert!(matches!(stranger, PublishError::Conflict { current: None, .. }));
    assert!(!stranger.is_final(), "who says so does not know the transfer");
}

#[test]
fn a_conflict_tells_whether_the_update_is_already_there() {
    let there = stored("order-1042", "completed").replace(r#""version""#, r#""amount":12.1,"version""#);
    let error = refused(409, &conflict_with(&there));
    let amount = |amount: &str| update().with_amount(amount.parse().unwrap());
    assert!(
        error.is_already_there(&update()),
        "what it leaves out does not matter"
    );
    assert!(error.is_already_there(&amount("12.10")), "the same number");
    assert!(!error.is_already_there(&amount("12.11")));
    assert!(!error.is_already_there(&update().with_message("paid")));
    let mut without = update();
    without.message = transfer_status_protocol::update::Patch::Remove;
    assert!(error.is_already_there(&without), "it has none to remove");
    without.amount = transfer_status_protocol::update::Patch::Remove;
    assert!(!error.is_already_there(&without));
    let another = |id: &str, status| Update::new(id.parse().unwrap(), status);
    assert!(!error.is_already_there(&another("order-7", Status::Completed)));
    assert!(!error.is_already_there(&another("order-1042", Status::Failed)));
    assert!(!refused(409, &own("conflict")).is_already_there(&update()));
    assert!(!refused(503, &own("unavailable")).is_already_there(&update()));
}

#[test]
fn a_refused_signature_comes_with_how_far_the_clock_is_off() {
    let told = |date: Option<&str>| {
        let headers: Vec<_> = date.map(|date| ("date", date)).into_iter().collect();
        answer(401, &headers, &own("unauthorized"))
            .unwrap_err()
            .to_string()
    };
    let text = |advice: &str| format!("the service refused the signature; {advice}: {SAYS}");
    assert_eq!(
        told(Some("Sun, 06 Nov 1994 08:56:29 GMT")),
        text("this machine's clock is 412 s behind the service's, set it")
    );
    assert_eq!(
        told(Some("Sun, 06 Nov 1994 08:39:37 GMT")),
        text("this machine's clock is 600 s ahead of the service's, set it")
    );
    assert_eq!(
        told(Some("Sun, 06 Nov 1994 08:49:38 GMT")),
        text("check HMAC_SECRET")
    );
    for unreadable in [None, Some("yesterday")] {
        assert_eq!(
            told(unreadable),
            text("check HMAC_SECRET and this machine's clock")
        );
    }
}

#[test]
fn a_date_to_come_back_at_is_judged_by_the_answers_own_date() {
    let at = ("retry-after", "Sun, 06 Nov 1994 08:51:37 GMT");
    let minute = Some(Duration::from_secs(60));
    let wait = |headers: &[(&str, &str)]| answer(503, headers, "").unwrap_err().retry_after();
    assert_eq!(
        wait(&[at]),
        Some(Duration::from_secs(120)),
        "by this clock, having no other"
    );
    assert_eq!(wait(&[("date", "Sun, 06 Nov 1994 08:50:37 GMT"), at]), minute);
    // This clock is a day off, and the wait is still a minute.
    assert_eq!(
        wait(&[
            ("date", "Mon, 07 Nov 1994 08:50:37 GMT"),
            ("retry-after", "Mon, 07 Nov 1994 08:51:37 GMT")
        ]),
        minute
    );
    for status in [408, 425, 429, 500, 522] {
        let error = answer(status, &[("retry-after", "60")], "").unwrap_err();
        assert_eq!(error.retry_after(), minute, "{status}");
    }
}

#[test]
fn an_update_that_broke_off_on_its_way_is_sent_again() {
    let says =
        r#"{"type":"error","code":"bad_request","message":"the body did not arrive whole; send it again"}"#;
    let error = refused(400, says);
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(error.code(), Some(ErrorCode::BadRequest));
    let status_says = own("bad_request");
    assert!(!refused(400, &status_says).is_retryable());
}
