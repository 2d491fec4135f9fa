//! Who may: the proofs that a request can carry, and their verification.

use std::fmt;

use subtle::ConstantTimeEq;
use transfer_status_protocol::TransferId;
use transfer_status_protocol::token::{self, Claims, SUBPROTOCOL, Signature, TokenError};

use crate::config::Config;
use crate::error::ApiError;
use crate::target::Target;

/// The operator's token. Debug shows nothing of it.
#[derive(Clone)]
pub(crate) struct AdminToken(String);

impl AdminToken {
    pub(crate) fn new(token: String) -> Self {
        Self(token)
    }

    /// Compares in constant time.
    fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
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
    let bearer = authorization.and_then(bearer);
    if let (Some(token), Some(given)) = (&config.admin_token, bearer)
        && token.is(given)
    {
        return Ok(Reader::Admin);
    }
    let signature = match bearer {
        Some(bearer) => Signature::new(bearer),
        None => Signature::new(target.signature().ok_or(ApiError::NoSignature)?),
    };
    let signature = signature.map_err(|_| ApiError::Subscription(TokenError::Malformed))?;
    subscription(config, &signature, id, now_unix_seconds).map(Reader::Holder)
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
                .map(|read| read.map_err(|_| ApiError::Subscription(TokenError::Malformed))),
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
                    Signature::new(text).map_err(|_| ApiError::Subscription(TokenError::Malformed))?
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
    token::verify(&config.subscribe_keys, signature, id, now_unix_seconds).map_err(ApiError::Subscription)
}

#[cfg(test)]
mod tests;
