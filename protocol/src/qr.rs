//! The payload of a QR code: a page's address with the transfer in the path and the signature in the
//! fragment, which no server log sees (PROTOCOL.md, section 10).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::host;
use crate::signature::{Facts, Signature};
use crate::transfer::TransferId;

/// Most bytes of a payload that is read.
const MAX_PAYLOAD_LENGTH: usize = 8192;

/// What cannot stand in a value of the fragment as it is (RFC 3986, section 3.5), `%` and `&` included.
const FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// All but the unreserved characters of RFC 3986, section 2.3.
const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a QR code says: which transfer to watch, with which signature, on whose page.
///
/// Debug hides the signature; Display shows it, since that is what goes into the QR code. A signature in the usual
/// form is written as the facts in it, `#m=<merchant>&e=<expiry>&h=<MAC>`, which makes the code a third smaller; any
/// other one is written whole, `#s=<signature>`. Both are read.
///
/// ```
/// use transfer_status_protocol::{QrPayload, Signature, TransferId};
/// let payload = QrPayload::new(
///     "https://pay.example", TransferId::new("transfer-123").unwrap(), Signature::new("abc.def").unwrap(),
/// ).unwrap();
/// assert_eq!(payload.to_string(), "https://pay.example/t/transfer-123#s=abc.def");
///
/// let read: QrPayload = "https://pay.example/t/transfer-123?s=abc.def".parse().unwrap();
/// assert_eq!(read.page(), "https://pay.example");
/// assert_eq!(read.signature().expose(), "abc.def");
/// ```
#[derive(Debug, Clone)]
pub struct QrPayload {
    page: String,
    transfer_id: TransferId,
    signature: Signature,
}

/// Why a text is not a QR payload. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidQrPayload {
    /// The text is over 8 KiB.
    #[error("the text is over 8 KiB, so it is no payload of ours; scan a transfer's code")]
    TooLong,
    /// The page is no `https` address, or an `http` one that is neither of this machine nor of a private network.
    #[error("the page is not an https address; use https://<host>, or http://localhost in development")]
    Page,
    /// The path does not end with `/t/<transfer id>`.
    #[error("the path does not end with /t/<transfer id>; scan a transfer's code")]
    TransferId,
    /// There is no signature in the fragment or in the query.
    #[error("there is no usable signature in the payload; scan a transfer's code")]
    Signature,
}

impl QrPayload {
    /// A payload for a page, given as `https://host`, with a port or a path if it has one.
    ///
    /// # Errors
    /// [`InvalidQrPayload::Page`] when the address is not `https` (or `http` on this machine or in a private network),
    /// or has credentials, a query or a fragment.
    pub fn new(
        page: &str,
        transfer_id: TransferId,
        signature: Signature,
    ) -> Result<QrPayload, InvalidQrPayload> {
        let page = page.trim_end_matches('/');
        check_page(page)?;
        Ok(QrPayload {
            page: page.to_owned(),
            transfer_id,
            signature,
        })
    }

    /// The page's address, with no slash at its end.
    pub fn page(&self) -> &str {
        &self.page
    }

    /// The transfer to watch.
    pub fn transfer_id(&self) -> &TransferId {
        &self.transfer_id
    }

    /// The proof that it may be watched.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }
}

impl fmt::Display for QrPayload {
    /// Writes the short form where putting the signature together again gives this very signature, else the long one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/t/{}#", self.page, self.transfer_id)?;
        match short_form(&self.signature, &self.transfer_id) {
            Some((facts, mac)) => {
                let merchant_id = utf8_percent_encode(&facts.merchant_id, NOT_UNRESERVED);
                write!(f, "m={merchant_id}&e={}&h={mac}", facts.expiry)
            }
            None => write!(f, "s={}", utf8_percent_encode(self.signature.expose(), FRAGMENT)),
        }
    }
}

impl FromStr for QrPayload {
    type Err = InvalidQrPayload;

    /// Reads the signature, in either form, from the fragment, else from the query; values may be percent-encoded.
    ///
    /// Also taken is what scanners are known to make of a code: a `#` that became `%23`, a slash before it, and a
    /// scheme, host or `/T/` in upper case.
    fn from_str(text: &str) -> Result<QrPayload, InvalidQrPayload> {
        if text.len() > MAX_PAYLOAD_LENGTH {
            return Err(InvalidQrPayload::TooLong);
        }
        let text = text.trim();
        // Neither a transfer id nor a signature can hold a `#`, so the first one begins the fragment.
        let (address, fragment) = text
            .split_once('#')
            .or_else(|| text.split_once("%23"))
            .unwrap_or((text, ""));
        let (address, query) = address.split_once('?').unwrap_or((address, ""));
        let address = address.strip_suffix('/').unwrap_or(address);
        let (page, id) = address.rsplit_once('/').ok_or(InvalidQrPayload::TransferId)?;
        let page = page
            .strip_suffix("/t")
            .or_else(|| page.strip_suffix("/T"))
            .ok_or(InvalidQrPayload::TransferId)?;
        check_page(page)?;
        let transfer_id = TransferId::new(decoded(id).ok_or(InvalidQrPayload::TransferId)?)
            .map_err(|_| InvalidQrPayload::TransferId)?;
        let signature = read_signature(fragment, &transfer_id)
            .or_else(|| read_signature(query, &transfer_id))
            .ok_or(InvalidQrPayload::Signature)?;
        Ok(QrPayload {
            page: lower_case_origin(page),
            transfer_id,
            signature,
        })
    }
}

/// The signature in a fragment or a query, if there is a usable one in it.
fn read_signature(parameters: &str, transfer_id: &TransferId) -> Option<Signature> {
    if let Some(whole) = parameter(parameters, "s=") {
        // No signature has a space: it is a `+` that something on the way took for one.
        return Signature::new(decoded(whole)?.replace(' ', "+")).ok();
    }
    let facts = Facts {
        transfer_request_id: Cow::Borrowed(transfer_id.as_str()),
        merchant_id: decoded(parameter(parameters, "m=")?)?,
        expiry: decimal(parameter(parameters, "e=")?)?,
    };
    let mac = parameter(parameters, "h=").filter(|mac| is_mac(mac))?;
    Signature::new(format!("{}.{mac}", facts.encode())).ok()
}

/// The facts and the MAC of a signature that can be put together again from them.
fn short_form<'a>(signature: &'a Signature, transfer_id: &TransferId) -> Option<(Facts<'static>, &'a str)> {
    let (encoded, mac) = signature.expose().split_once('.')?;
    let facts = Facts::decode(encoded)?;
    let same = facts.transfer_request_id == transfer_id.as_str() && facts.encode() == encoded;
    (same && is_mac(mac)).then_some((facts, mac))
}

fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters
        .split('&')
        .find_map(|parameter| parameter.strip_prefix(name))
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

/// A number as it is written in one way only: digits, with no zero before them.
fn decimal(text: &str) -> Option<u64> {
    let number = text.parse::<u64>().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Whether the text is as long as an HMAC-SHA256 in base64url, and of its characters.
fn is_mac(text: &str) -> bool {
    text.len() == 43
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The page with its scheme and host in lower case, where case means nothing; its path as it is.
fn lower_case_origin(page: &str) -> String {
    let origin = page
        .split_once("://")
        .and_then(|(scheme, rest)| Some(scheme.len() + 3 + rest.find('/')?))
        .unwrap_or(page.len());
    let (origin, path) = page.split_at(origin);
    format!("{}{path}", origin.to_ascii_lowercase())
}

/// Takes `https://host[:port][/path]`, or `http` on this machine or in a private network, with plain URL characters only.
fn check_page(page: &str) -> Result<(), InvalidQrPayload> {
    let (scheme, rest) = page.split_once("://").ok_or(InvalidQrPayload::Page)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand within its brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let scheme_ok = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => host::is_private(host),
        _ => false,
    };
    let path_ok = path
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/".contains(&byte));
    if scheme_ok && path_ok && host::is_host(host) && port.is_none_or(host::is_port) {
        Ok(())
    } else {
        Err(InvalidQrPayload::Page)
    }
}
