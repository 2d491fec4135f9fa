//! The table of refusals: code, close code, and words that help without giving anything away.

use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::sign::VerifyError;
use transfer_status_protocol::signature::SubscriptionError;
use transfer_status_protocol::transfer::InvalidTransferId;
use transfer_status_protocol::{DecodeError, ErrorBody, ErrorCode, Status, Timestamp, Transfer, TransferId};

use super::ApiError;
use super::Attempt;
use crate::config::AdminClosed;
use crate::config::ConfigError;
use crate::domain::ledger::ConflictReason;
use crate::edge::legacy::error::LegacyError;
use crate::recent::page::BadQuery;
use crate::room::storage::StorageError;

fn transfer() -> Transfer {
    let id = TransferId::new("tr_1").unwrap();
    Transfer::new(
        id,
        Status::Completed,
        Timestamp::from_unix_millis(1_700_000_000_000),
    )
}

fn all() -> Vec<(ApiError, ErrorCode, CloseCode)> {
    use ErrorCode as E;
    let cause = || "a stack trace".to_string();
    vec![
        (ApiError::Deleted, E::NotFound, CloseCode::DELETED),
        (ApiError::DeletionOwed, E::Unavailable, CloseCode::TRY_AGAIN_LATER),
        (ApiError::NoRoute, E::NotFound, CloseCode::INTERNAL),
        (
            ApiError::MethodNotAllowed { allow: "GET" },
            E::MethodNotAllowed,
            CloseCode::INTERNAL,
        ),
        (ApiError::UpgradeRequired, E::UpgradeRequired, CloseCode::INTERNAL),
        (
            ApiError::BadTransferId(InvalidTransferId),
            E::BadRequest,
            CloseCode::BAD_MESSAGE,
        ),
        (
            ApiError::ForbiddenOrigin,
            E::Forbidden,
            CloseCode::FORBIDDEN_ORIGIN,
        ),
        (ApiError::NoSignature, E::Unauthorized, CloseCode::UNAUTHORIZED),
        (
            ApiError::Subscription(SubscriptionError::Malformed),
            E::Unauthorized,
            CloseCode::UNAUTHORIZED,
        ),
        (
            ApiError::Subscription(SubscriptionError::BadSignature),
            E::Unauthorized,
            CloseCode::UNAUTHORIZED,
        ),
        (
            ApiError::Subscription(SubscriptionError::WrongTransfer),
            E::Unauthorized,
            CloseCode::UNAUTHORIZED,
        ),
        (
            ApiError::Subscription(SubscriptionError::Expired),
            E::Expired,
            CloseCode::SIGNATURE_EXPIRED,
        ),
        (
            ApiError::SubscribeWithoutSignature,
            E::Unauthorized,
            CloseCode::UNAUTHORIZED,
        ),
        (ApiError::OtherTransfer, E::Unauthorized, CloseCode::UNAUTHORIZED),
        (
            ApiError::SubscribeTimeout,
            E::Unauthorized,
            CloseCode::SUBSCRIBE_TIMEOUT,
        ),
        (
            ApiError::NoUpdateSignature,
            E::Unauthorized,
            CloseCode::UNAUTHORIZED,
        ),
        (
            ApiError::UpdateSignature(VerifyError::BadSignature),
            E::Unauthorized,
            CloseCode::UNAUTHORIZED,
        ),
        (ApiError::BodyTooLarge, E::TooLarge, CloseCode::TOO_LARGE),
        (ApiError::BodyBroken, E::BadRequest, CloseCode::BAD_MESSAGE),
        (
            ApiError::BadUpdate(DecodeError::NotUtf8),
            E::BadRequest,
            CloseCode::BAD_MESSAGE,
        ),
        (
            ApiError::BadMessage(DecodeError::NotAnObject),
            E::BadRequest,
            CloseCode::BAD_MESSAGE,
        ),
        (
            ApiError::BadMessage(DecodeError::TooLarge { limit: 4096 }),
            E::TooLarge,
            CloseCode::TOO_LARGE,
        ),
        (ApiError::BinaryMessage, E::BadRequest, CloseCode::BAD_MESSAGE),
        (ApiError::TooManyWatchers, E::RateLimited, CloseCode::RATE_LIMITED),
        (ApiError::TooManyRefusals, E::RateLimited, CloseCode::RATE_LIMITED),
        (ApiError::TooManyFeeds, E::RateLimited, CloseCode::RATE_LIMITED),
        (
            ApiError::AdminClosed(AdminClosed::TooShort),
            E::Forbidden,
            CloseCode::FORBIDDEN_ORIGIN,
        ),
        (ApiError::NotOurPage, E::Forbidden, CloseCode::FORBIDDEN_ORIGIN),
        (
            ApiError::WrongBearer(SubscriptionError::Malformed),
            E::Unauthorized,
            CloseCode::UNAUTHORIZED,
        ),
        (ApiError::TooManyUnproven, E::RateLimited, CloseCode::RATE_LIMITED),
        (ApiError::TooManyMessages, E::RateLimited, CloseCode::RATE_LIMITED),
        (ApiError::BodyEncoded, E::BadRequest, CloseCode::BAD_MESSAGE),
        (ApiError::OtherVersion, E::Unavailable, CloseCode::TRY_AGAIN_LATER),
        (ApiError::NotAdmin, E::Unauthorized, CloseCode::UNAUTHORIZED),
        (
            ApiError::WrongAdminToken,
            E::Unauthorized,
            CloseCode::UNAUTHORIZED,
        ),
        (ApiError::SessionExpired, E::Unauthorized, CloseCode::UNAUTHORIZED),
        (ApiError::BadSignIn, E::BadRequest, CloseCode::BAD_MESSAGE),
        (ApiError::BadScan, E::BadRequest, CloseCode::BAD_MESSAGE),
        (
            ApiError::BadQuery(BadQuery::Limit),
            E::BadRequest,
            CloseCode::BAD_MESSAGE,
        ),
        (ApiError::BadShard, E::BadRequest, CloseCode::BAD_MESSAGE),
        (ApiError::NothingToSay, E::BadRequest, CloseCode::BAD_MESSAGE),
        (
            ApiError::Legacy(LegacyError::BadMac),
            E::Unauthorized,
            CloseCode::UNAUTHORIZED,
        ),
        (
            ApiError::Legacy(LegacyError::Body(DecodeError::NotAnObject)),
            E::BadRequest,
            CloseCode::BAD_MESSAGE,
        ),
        (
            ApiError::Legacy(LegacyError::OpenScanIsOff),
            E::Forbidden,
            CloseCode::FORBIDDEN_ORIGIN,
        ),
        (
            ApiError::Conflict {
                reason: ConflictReason::Final,
                transfer: Box::new(transfer()),
            },
            E::Conflict,
            CloseCode::INTERNAL,
        ),
        (ApiError::UnknownTransfer, E::NotFound, CloseCode::INTERNAL),
        (
            ApiError::NotConfigured(ConfigError::NoSecret),
            E::Unavailable,
            CloseCode::TRY_AGAIN_LATER,
        ),
        (
            ApiError::NoBinding("ROOMS"),
            E::Unavailable,
            CloseCode::TRY_AGAIN_LATER,
        ),
        (
            ApiError::Unreachable { cause: cause() },
            E::Unavailable,
            CloseCode::TRY_AGAIN_LATER,
        ),
        (
            ApiError::DoesNotAnswer {
                what: "the list",
                cause: cause(),
            },
            E::Unavailable,
            CloseCode::TRY_AGAIN_LATER,
        ),
        (
            ApiError::Internal { cause: cause() },
            E::Internal,
            CloseCode::INTERNAL,
        ),
    ]
}

#[test]
fn every_refusal_has_its_code_and_close_code() {
    for (error, code, close) in all() {
        assert_eq!((error.code(), error.close_code()), (code, close), "{error:?}");
    }
}

#[test]
fn the_wire_gets_the_message_and_never_the_cause() {
    for (error, code, _) in all() {
        let body = ErrorBody::decode(&error.to_json()).unwrap();
        assert_eq!(
            (body.code, body.message.as_str()),
            (code, error.to_string().as_str())
        );
        assert!(!error.to_json().contains("stack trace"), "{error:?}");
    }
}

#[test]
fn a_conflict_shows_the_transfer_as_it_stays() {
    let conflict = ApiError::Conflict {
        reason: ConflictReason::Backwards,
        transfer: Box::new(transfer()),
    };
    assert_eq!(
        ErrorBody::decode(&conflict.to_json()).unwrap().transfer,
        Some(transfer())
    );
}

#[test]
fn whoever_may_try_again_is_told_when() {
    for (error, code, _) in all() {
        let told = error.headers().iter().any(|(name, _)| *name == "retry-after");
        assert_eq!(
            told,
            matches!(code, ErrorCode::Unavailable | ErrorCode::RateLimited),
            "{error:?}"
        );
    }
}

#[test]
fn a_row_that_cannot_be_read_is_no_reason_to_try_again() {
    assert_eq!(
        ApiError::from(StorageError::Newer { found: 2 }).code(),
        ErrorCode::Internal
    );
    assert_eq!(
        ApiError::from(StorageError::Broken("x")).code(),
        ErrorCode::Internal
    );
    let failed = StorageError::Failed("disk".into());
    assert_eq!(ApiError::from(failed).code(), ErrorCode::Unavailable);
}

#[test]
fn only_a_wrong_proof_counts_as_an_attempt() {
    for (error, attempt) in [
        (ApiError::WrongAdminToken, Some(Attempt::Admin)),
        (
            ApiError::WrongBearer(SubscriptionError::BadSignature),
            Some(Attempt::Admin),
        ),
        (
            ApiError::Subscription(SubscriptionError::BadSignature),
            Some(Attempt::Subscription),
        ),
        (
            ApiError::UpdateSignature(VerifyError::BadSignature),
            Some(Attempt::Update),
        ),
        (ApiError::Subscription(SubscriptionError::Expired), None),
        (ApiError::UpdateSignature(VerifyError::TooOld), None),
        (ApiError::NoSignature, None),
        (ApiError::NotAdmin, None),
        (ApiError::UnknownTransfer, None),
    ] {
        assert_eq!(error.attempt(), attempt, "{error:?}");
    }
}
