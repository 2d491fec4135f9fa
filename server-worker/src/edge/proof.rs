//! Who may: the proofs that a request can carry, and their verification.

use transfer_status_protocol::TransferId;
use transfer_status_protocol::signature::{self, Claims, SUBPROTOCOL, Signature, SubscriptionError};
use worker::Env;

use crate::config::{AdminTokens, Config};
use crate::edge::limits;
use crate::edge::request::Incoming;
use crate::edge::session::Session;
use crate::edge::target::Target;
use crate::error::ApiError;
use crate::recent::sessions;

/// Who reads a transfer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The operator, who is told when there is no such transfer.
    Admin,
    /// A holder of the transfer's signature, for whom the transfer is announced at least.
    Holder(Claims),
}

/// Judges a read: `Authorization: Bearer …` with the admin's token or a signature, else the query's
/// signature. Where the address `may_try_admin` no more, its bearer counts as a signature only.
///
/// # Errors
/// [`ApiError::NoSignature`] or [`ApiError::Subscription`]; [`ApiError::WrongBearer`] for what may have been a guess
/// at the admin's token, and [`ApiError::TooManyRefusals`].
pub(crate) fn reader(
    config: &Config,
    authorization: Option<&str>,
    target: Target<'_>,
    id: &TransferId,
    may_try_admin: bool,
    now_unix_seconds: u64,
) -> Result<Reader, ApiError> {
    let shown = authorization.and_then(bearer);
    let guessed = match (&config.admin, shown) {
        (Ok(admin), Some(given)) if may_try_admin && admin.is(given) => return Ok(Reader::Admin),
        (Ok(_), Some(_)) => true,
        _ => false,
    };
    let judged = signature(authorization, target)
        .and_then(|signature| subscription(config, &signature, id, now_unix_seconds));
    match judged {
        Ok(claims) => Ok(Reader::Holder(claims)),
        // What was signed with our key is no guess, whatever else is wrong with it.
        Err(ApiError::Subscription(
            error @ (SubscriptionError::Expired
            | SubscriptionError::WrongTransfer
            | SubscriptionError::MalformedField(_)
            | SubscriptionError::MalformedPayload),
        )) => Err(error.into()),
        Err(_) if guessed && !may_try_admin => Err(ApiError::TooManyRefusals),
        Err(ApiError::Subscription(error)) if guessed => Err(ApiError::WrongBearer(error)),
        Err(error) => Err(error),
    }
}

/// The transfer's signature that a request carries, not verified yet: `Authorization: Bearer …`, else the
/// query's.
///
/// # Errors
/// [`ApiError::NoSignature`], or [`ApiError::Subscription`] when it can be none.
pub(crate) fn signature(authorization: Option<&str>, target: Target<'_>) -> Result<Signature, ApiError> {
    match authorization.and_then(bearer) {
        Some(bearer) => text(bearer),
        None => text(&target.signature().ok_or(ApiError::NoSignature)?),
    }
}

/// A signature as somebody wrote it down.
fn text(text: &str) -> Result<Signature, ApiError> {
    Signature::new(text).map_err(|_| {
        // Some libraries break base64 into lines.
        let malformed = match text.contains(['\r', '\n']) {
            true => SubscriptionError::MalformedPayload,
            false => SubscriptionError::Malformed,
        };
        ApiError::Subscription(malformed)
    })
}

/// Judges whether the operator asks, by token or session, and tells how long that will be so.
///
/// # Errors
/// [`ApiError::AdminClosed`] where no token opens anything, [`ApiError::NotAdmin`] for no proof or one that is over,
/// [`ApiError::WrongAdminToken`], [`ApiError::TooManyRefusals`], and [`ApiError::Unreachable`] where it cannot be
/// known whether the session was ended.
pub(crate) async fn admin(
    env: &Env,
    config: &Config,
    incoming: &Incoming<'_>,
    now_unix_seconds: u64,
) -> Result<Operator, ApiError> {
    let admin = config
        .admin
        .as_ref()
        .map_err(|closed| ApiError::AdminClosed(*closed))?;
    let authorization = incoming.header("authorization");
    if let Some(given) = authorization.as_deref().and_then(bearer) {
        admin_token(config, admin, incoming, given)?;
        return Ok(Operator { session: None });
    }
    let cookies = incoming.session_cookies().ok_or(ApiError::NotAdmin)?;
    let session = admin
        .sessions()
        .find(&cookies, incoming.is_secure(), now_unix_seconds)
        .ok_or(ApiError::NotAdmin)?;
    match sessions::is_open(env, &session.id).await? {
        true => Ok(Operator {
            session: Some(session),
        }),
        false => Err(ApiError::NotAdmin),
    }
}

/// Who has proved to be the operator.
#[derive(Debug)]
pub(crate) struct Operator {
    /// The session that proves it; `None` for the token itself.
    pub(crate) session: Option<Session>,
}

/// Judges an admin token, unless its address has shown too many wrong ones: then not even the right one tells.
///
/// # Errors
/// [`ApiError::WrongAdminToken`] and [`ApiError::TooManyRefusals`].
pub(crate) fn admin_token(
    config: &Config,
    admin: &AdminTokens,
    incoming: &Incoming<'_>,
    given: &str,
) -> Result<(), ApiError> {
    if !limits::may_try_admin(config, incoming) {
        return Err(ApiError::TooManyRefusals);
    }
    match admin.is(given) {
        true => Ok(()),
        false => Err(ApiError::WrongAdminToken),
    }
}

/// The token of `Authorization: Bearer …`.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// What a client put into `Sec-WebSocket-Protocol`.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    /// It offers our subprotocol and has to get it back.
    pub(crate) subprotocol: bool,
    signature: Option<Result<Signature, ApiError>>,
}

impl Offer {
    /// Reads the header's list.
    pub(crate) fn parse(header: Option<&str>) -> Self {
        let items = || {
            header
                .into_iter()
                .flat_map(|header| header.split(','))
                .map(str::trim)
        };
        Self {
            subprotocol: items().any(|item| item == SUBPROTOCOL),
            signature: items()
                .find_map(Signature::from_protocol)
                .map(|read| read.map_err(|_| ApiError::Subscription(SubscriptionError::Malformed))),
        }
    }

    /// Judges an upgrade by the signature in the offer, else by the query's. `None`: it carries no
    /// proof, and the client has to subscribe.
    ///
    /// # Errors
    /// [`ApiError::Subscription`].
    pub(crate) fn claims(
        self,
        config: &Config,
        target: Target<'_>,
        id: &TransferId,
        now_unix_seconds: u64,
    ) -> Result<Option<Claims>, ApiError> {
        let signature = match self.signature {
            Some(signature) => signature?,
            None => match target.signature() {
                Some(shown) => text(&shown)?,
                None => return Ok(None),
            },
        };
        subscription(config, &signature, id, now_unix_seconds).map(Some)
    }
}

/// Verifies a subscription signature for this transfer at this time.
///
/// # Errors
/// [`ApiError::Subscription`].
pub(crate) fn subscription(
    config: &Config,
    signature: &Signature,
    id: &TransferId,
    now_unix_seconds: u64,
) -> Result<Claims, ApiError> {
    signature::verify(&config.subscribe_keys, signature, id, now_unix_seconds).map_err(ApiError::Subscription)
}

#[cfg(test)]
mod tests;
