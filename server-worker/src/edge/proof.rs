//! Who may: the proofs that a request can carry, and their verification.

use std::fmt;

use subtle::ConstantTimeEq;
use transfer_status_protocol::TransferId;
use transfer_status_protocol::signature::{self, Claims, SUBPROTOCOL, Signature, SubscriptionError};

use crate::config::Config;
use crate::edge::limits;
use crate::edge::request::Incoming;
use crate::edge::session::Sessions;
use crate::edge::target::Target;
use crate::error::ApiError;

/// The operator's token, and the sessions that stand for it. Debug shows nothing of it.
#[derive(Clone)]
pub(crate) struct AdminToken {
    token: String,
    sessions: Sessions,
}

impl AdminToken {
    /// Takes the token; `None` when it is empty.
    pub(crate) fn new(token: String) -> Option<Self> {
        let sessions = Sessions::of(&token)?;
        Some(Self { token, sessions })
    }

    /// Compares in constant time.
    pub(crate) fn is(&self, given: &str) -> bool {
        self.token.as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// The sessions of whoever has shown it.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken([redacted])")
    }
}

/// Who reads a transfer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The operator, who is told when there is no such transfer.
    Admin,
    /// A holder of the transfer's signature, for whom the transfer is announced at least.
    Holder(Claims),
}

/// Judges a read: `Authorization: Bearer …` with the admin's token or a signature, else the query's
/// signature.
///
/// # Errors
/// [`ApiError::NoSignature`] or [`ApiError::Subscription`].
pub(crate) fn reader(
    config: &Config,
    authorization: Option<&str>,
    target: Target<'_>,
    id: &TransferId,
    now_unix_seconds: u64,
) -> Result<Reader, ApiError> {
    if let (Some(token), Some(given)) = (&config.admin_token, authorization.and_then(bearer))
        && token.is(given)
    {
        return Ok(Reader::Admin);
    }
    let signature = signature(authorization, target)?;
    subscription(config, &signature, id, now_unix_seconds).map(Reader::Holder)
}

/// The transfer's signature that a request carries, not verified yet: `Authorization: Bearer …`, else the
/// query's.
///
/// # Errors
/// [`ApiError::NoSignature`], or [`ApiError::Subscription`] when it can be none.
pub(crate) fn signature(authorization: Option<&str>, target: Target<'_>) -> Result<Signature, ApiError> {
    let signature = match authorization.and_then(bearer) {
        Some(bearer) => Signature::new(bearer),
        None => Signature::new(target.signature().ok_or(ApiError::NoSignature)?),
    };
    signature.map_err(|_| ApiError::Subscription(SubscriptionError::Malformed))
}

/// Judges whether the operator asks, by token or session, and tells up to which Unix second that is so.
///
/// # Errors
/// [`ApiError::AdminClosed`] where no token is set, [`ApiError::NotAdmin`] for no proof or an old one,
/// [`ApiError::WrongAdminToken`], and [`ApiError::TooManyRefusals`].
pub(crate) fn admin(
    config: &Config,
    incoming: &Incoming<'_>,
    now_unix_seconds: u64,
) -> Result<u64, ApiError> {
    let admin = config.admin_token.as_ref().ok_or(ApiError::AdminClosed)?;
    let authorization = incoming.header("authorization");
    if let Some(given) = authorization.as_deref().and_then(bearer) {
        if !limits::may_try_admin(config, incoming) {
            return Err(ApiError::TooManyRefusals);
        }
        return if admin.is(given) {
            Ok(u64::MAX)
        } else {
            Err(ApiError::WrongAdminToken)
        };
    }
    let cookies = incoming.session_cookies().ok_or(ApiError::NotAdmin)?;
    let expiry = admin.sessions().expiry(&cookies, now_unix_seconds);
    expiry.ok_or(ApiError::NotAdmin)
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
                Some(text) => {
                    Signature::new(text).map_err(|_| ApiError::Subscription(SubscriptionError::Malformed))?
                }
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
