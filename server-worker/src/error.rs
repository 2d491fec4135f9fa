//! Every way a request or a socket is refused: the code on the wire, the HTTP status, the close
//! code, and a message that says what to do. No message holds a secret or a signature.

use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::sign::VerifyError;
use transfer_status_protocol::signature::SubscriptionError;
use transfer_status_protocol::transfer::InvalidTransferId;
use transfer_status_protocol::{DecodeError, ErrorBody, ErrorCode, Transfer};

use worker::wasm_bindgen::JsValue;

use crate::config::{AdminClosed, ConfigError};
use crate::domain::ledger::ConflictReason;
use crate::edge::legacy::error::LegacyError;
use crate::recent::page::BadQuery;
use crate::room::storage::StorageError;

/// Why something was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// No route has this path.
    #[error(
        "there is nothing at this path; see /healthz, /update, /transfer/{{id}}, /ws/{{id}} and /dashboard"
    )]
    NoRoute,
    /// The route does not take this method.
    #[error("this path takes {allow} only")]
    MethodNotAllowed {
        /// The methods it takes.
        allow: &'static str,
    },
    /// A plain request to the socket's path.
    #[error("this is a WebSocket; connect with a WebSocket client, which sends `Upgrade: websocket`")]
    UpgradeRequired,
    /// The path holds no transfer id.
    #[error("the id in the path is {0}")]
    BadTransferId(#[from] InvalidTransferId),
    /// The page's origin is not listed.
    #[error("this page's origin is not allowed; add it to ALLOWED_ORIGINS on the server")]
    ForbiddenOrigin,
    /// A page of another host asks for what is the dashboard's alone.
    #[error(
        "this is for the dashboard's own pages; scripts and other pages use /recent with the admin token"
    )]
    NotOurPage,
    /// A read with nothing to prove the right to it.
    #[error("no signature; send the transfer's signature as `Authorization: Bearer …` or `?signature=…`")]
    NoSignature,
    /// A subscription signature that is refused.
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
    /// A bearer that is neither the admin's token nor a signature, and may have been a guess at the former.
    #[error(transparent)]
    WrongBearer(SubscriptionError),
    /// A `subscribe` with no signature on a socket that has shown none.
    #[error("no signature; subscribe with the `signature` that came with the transfer request")]
    SubscribeWithoutSignature,
    /// A `subscribe` for another transfer than the socket's path.
    #[error("this socket is for another transfer; connect to /ws/ with the id that you subscribe to")]
    OtherTransfer,
    /// Ten seconds without a `subscribe`.
    #[error("no subscribe message within 10 s; connect again and subscribe, or connect with the signature")]
    SubscribeTimeout,
    /// An update with no signature.
    #[error("X-Signature is missing; send the hex HMAC-SHA256 of the raw body under HMAC_SECRET")]
    NoUpdateSignature,
    /// An update signature that is refused.
    #[error(transparent)]
    UpdateSignature(#[from] VerifyError),
    /// A body over the limit.
    #[error("the body is over its limit, 16 KiB for an update and 4 KiB for anything else; send less")]
    BodyTooLarge,
    /// A body that is compressed.
    #[error("the body has a Content-Encoding, which is not read; send the JSON as it is, uncompressed")]
    BodyEncoded,
    /// A body that broke off.
    #[error("the body did not arrive whole; send it again")]
    BodyBroken,
    /// A signed body that is no update.
    #[error(transparent)]
    BadUpdate(DecodeError),
    /// A socket message that cannot be read.
    #[error(transparent)]
    BadMessage(DecodeError),
    /// A socket message in bytes.
    #[error("the message is binary; send JSON text")]
    BinaryMessage,
    /// The transfer has all the watchers it takes.
    #[error("too many watchers of this transfer; try again later, or raise MAX_WATCHERS on the server")]
    TooManyWatchers,
    /// Too many refused attempts from one address.
    #[error("too many refused attempts; wait a minute, and check the token or the signature")]
    TooManyRefusals,
    /// Too many sockets without a proof from one address.
    #[error(
        "too many sockets without a signature from this address; wait a minute, or connect with the signature: as \
         `Sec-WebSocket-Protocol` or as `?signature=…`"
    )]
    TooManyUnproven,
    /// Too many messages on one socket.
    #[error("too many messages; a client needs one to subscribe and a ping now and then")]
    TooManyMessages,
    /// Nobody may see what is the operator's while no token opens it.
    #[error(transparent)]
    AdminClosed(AdminClosed),
    /// No admin's token and no valid session.
    #[error("this is the operator's; send `Authorization: Bearer <ADMIN_TOKEN>`, or sign in at /dashboard")]
    NotAdmin,
    /// Another token than the admin's.
    #[error("the admin token is wrong; check ADMIN_TOKEN")]
    WrongAdminToken,
    /// A feed whose session is over.
    #[error("the session is over; sign in again")]
    SessionExpired,
    /// A sign-in that cannot be read.
    #[error("the body is no sign-in; send {{\"token\":\"…\"}}")]
    BadSignIn,
    /// A scan that cannot be read.
    #[error("the body is no scan; send {{\"transferId\":\"…\",\"scanned\":true}}")]
    BadScan,
    /// A list that cannot be asked for.
    #[error(transparent)]
    BadQuery(BadQuery),
    /// A feed of a shard that there is not.
    #[error("shard is not valid; send a number below `shards` of /dashboard/stats")]
    BadShard,
    /// A shard has all the feeds it takes.
    #[error("too many dashboards are open; close one")]
    TooManyFeeds,
    /// A message on a feed.
    #[error("nothing is to be said here; only listen")]
    NothingToSay,
    /// What only the earlier API refuses.
    #[error(transparent)]
    Legacy(#[from] LegacyError),
    /// An update that may not follow the transfer's status.
    #[error("{reason}")]
    Conflict {
        /// The rule.
        reason: ConflictReason,
        /// The transfer as it stays.
        transfer: Box<Transfer>,
    },
    /// The admin asked for a transfer that nobody has reported.
    #[error("no update has come for this transfer; check the id")]
    UnknownTransfer,
    /// A watcher of a transfer that the admin has deleted.
    #[error("the transfer was deleted; create a new transfer request")]
    Deleted,
    /// A deletion whose rest has to wait for the archive or the list.
    #[error(
        "the transfer is deleted here and shown to nobody, but the archive or the list cannot be reached; \
         it is removed there as soon as it can be; sent again, this gives 204 or 404 once it is"
    )]
    DeletionOwed,
    /// The deploy lacks something.
    #[error("the service is not configured: {0}")]
    NotConfigured(ConfigError),
    /// The deploy lacks a binding.
    #[error("the service is not configured: the binding {0} is missing; deploy with wrangler.jsonc")]
    NoBinding(&'static str),
    /// A call from a Worker of a version that this deploy does not speak, or to one: for minutes at each deploy.
    #[error("the service is being deployed; try again")]
    OtherVersion,
    /// What `/healthz?deep=1` has tried in vain.
    #[error("{what} does not answer; the log says more, and DEPLOY.md has a runbook")]
    DoesNotAnswer {
        /// Which part.
        what: &'static str,
        /// For the log only.
        cause: String,
    },
    /// The room did not answer, or could not store. Nothing was changed, or asking again tells.
    #[error("the transfer cannot be reached right now; try again")]
    Unreachable {
        /// For the log only.
        cause: String,
    },
    /// A fault of ours.
    #[error("the service failed; try again, and report it if it stays")]
    Internal {
        /// For the log only.
        cause: String,
    },
}

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The admin's token.
    Admin,
    /// A transfer's signature.
    Subscription,
    /// An update's signature.
    Update,
}

impl Attempt {
    /// As the limit's keys have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Subscription => "subscription",
            Self::Update => "update",
        }
    }
}

impl ApiError {
    /// The word on the wire.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::BadTransferId(_)
            | Self::BodyBroken
            | Self::BodyEncoded
            | Self::BinaryMessage
            | Self::BadSignIn
            | Self::BadScan
            | Self::BadQuery(_)
            | Self::BadShard
            | Self::NothingToSay => ErrorCode::BadRequest,
            Self::BadUpdate(error) | Self::BadMessage(error) => error.code(),
            Self::Legacy(error) => error.code(),
            Self::Subscription(error) | Self::WrongBearer(error) => error.code(),
            Self::NoSignature
            | Self::SubscribeWithoutSignature
            | Self::OtherTransfer
            | Self::SubscribeTimeout
            | Self::NoUpdateSignature
            | Self::UpdateSignature(_)
            | Self::NotAdmin
            | Self::WrongAdminToken
            | Self::SessionExpired => ErrorCode::Unauthorized,
            Self::ForbiddenOrigin | Self::NotOurPage | Self::AdminClosed(_) => ErrorCode::Forbidden,
            Self::NoRoute | Self::UnknownTransfer | Self::Deleted => ErrorCode::NotFound,
            Self::MethodNotAllowed { .. } => ErrorCode::MethodNotAllowed,
            Self::Conflict { .. } => ErrorCode::Conflict,
            Self::BodyTooLarge => ErrorCode::TooLarge,
            Self::UpgradeRequired => ErrorCode::UpgradeRequired,
            Self::TooManyWatchers
            | Self::TooManyRefusals
            | Self::TooManyUnproven
            | Self::TooManyMessages
            | Self::TooManyFeeds => ErrorCode::RateLimited,
            Self::Internal { .. } => ErrorCode::Internal,
            Self::NotConfigured(_)
            | Self::NoBinding(_)
            | Self::OtherVersion
            | Self::DoesNotAnswer { .. }
            | Self::Unreachable { .. }
            | Self::DeletionOwed => ErrorCode::Unavailable,
        }
    }

    /// The close code of a socket that is refused for this.
    pub(crate) fn close_code(&self) -> CloseCode {
        match self {
            Self::SubscribeTimeout => CloseCode::SUBSCRIBE_TIMEOUT,
            Self::Deleted => CloseCode::DELETED,
            other => match other.code() {
                ErrorCode::BadRequest => CloseCode::BAD_MESSAGE,
                ErrorCode::Unauthorized => CloseCode::UNAUTHORIZED,
                ErrorCode::Expired => CloseCode::SIGNATURE_EXPIRED,
                ErrorCode::Forbidden => CloseCode::FORBIDDEN_ORIGIN,
                ErrorCode::TooLarge => CloseCode::TOO_LARGE,
                ErrorCode::RateLimited => CloseCode::RATE_LIMITED,
                ErrorCode::Unavailable => CloseCode::TRY_AGAIN_LATER,
                _ => CloseCode::INTERNAL,
            },
        }
    }

    /// The headers that this answer needs beyond the usual ones.
    pub(crate) fn headers(&self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::MethodNotAllowed { allow } => vec![("allow", allow)],
            // RFC 9110 section 15.5.22 wants it; workerd leaves it out.
            Self::UpgradeRequired => vec![("upgrade", "websocket")],
            Self::NoSignature
            | Self::Subscription(_)
            | Self::WrongBearer(_)
            | Self::NotAdmin
            | Self::WrongAdminToken => vec![("www-authenticate", "Bearer")],
            Self::TooManyWatchers | Self::TooManyMessages | Self::TooManyFeeds => {
                vec![("retry-after", "10")]
            }
            Self::TooManyRefusals | Self::TooManyUnproven => vec![("retry-after", "60")],
            Self::OtherVersion | Self::DoesNotAnswer { .. } => vec![("retry-after", "5")],
            Self::Unreachable { .. } => vec![("retry-after", "1")],
            Self::DeletionOwed => vec![("retry-after", "10")],
            Self::NotConfigured(_) | Self::NoBinding(_) => vec![("retry-after", "60")],
            _ => Vec::new(),
        }
    }

    /// What was tried, when a wrong proof was shown. No proof at all, or one that was right once, is no try.
    pub(crate) fn attempt(&self) -> Option<Attempt> {
        match self {
            Self::WrongAdminToken | Self::WrongBearer(_) => Some(Attempt::Admin),
            Self::Subscription(SubscriptionError::Expired) => None,
            Self::Subscription(_) => Some(Attempt::Subscription),
            Self::UpdateSignature(
                VerifyError::BadSignature
                | VerifyError::MalformedSignature
                | VerifyError::MalformedTimestamp
                | VerifyError::TimestampInMilliseconds
                | VerifyError::SignedWithoutTimestamp,
            )
            | Self::Legacy(LegacyError::BadMac | LegacyError::Malformed) => Some(Attempt::Update),
            _ => None,
        }
    }

    /// Whether the fault is ours: logged as an error, not as a warning.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.code(), ErrorCode::Internal | ErrorCode::Unavailable)
    }

    /// What is behind it, for the log.
    pub(crate) fn cause(&self) -> Option<&str> {
        match self {
            Self::DoesNotAnswer { cause, .. } | Self::Unreachable { cause } | Self::Internal { cause } => {
                Some(cause)
            }
            _ => None,
        }
    }

    /// The error object, the same over HTTP and on the socket.
    pub(crate) fn to_json(&self) -> String {
        let body = ErrorBody::new(self.code(), self.to_string());
        match self {
            Self::Conflict { transfer, .. } => body.with_transfer((**transfer).clone()).encode(),
            _ => body.encode(),
        }
    }
}

impl ApiError {
    /// JSON that we wrote ourselves and cannot read back.
    pub(crate) fn unreadable(error: DecodeError) -> Self {
        Self::Internal {
            cause: error.to_string(),
        }
    }
}

impl From<JsValue> for ApiError {
    fn from(error: JsValue) -> Self {
        Self::Internal {
            cause: format!("{error:?}"),
        }
    }
}

impl From<serde_json::Error> for ApiError {
    /// JSON that we wrote ourselves and cannot read back.
    fn from(error: serde_json::Error) -> Self {
        Self::Internal {
            cause: error.to_string(),
        }
    }
}

impl From<worker::Error> for ApiError {
    fn from(error: worker::Error) -> Self {
        Self::Internal {
            cause: error.to_string(),
        }
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        let cause = error.to_string();
        match error {
            StorageError::Failed(_) => Self::Unreachable { cause },
            StorageError::Newer { .. } | StorageError::Broken(_) => Self::Internal { cause },
        }
    }
}

#[cfg(test)]
mod tests;
