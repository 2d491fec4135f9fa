//! The payload of a QR code: a page's address with the transfer in the path and the signature in the
//! fragment, which no server log sees (contract, "QR payload").

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::token::Signature;
use crate::transfer::TransferId;

/// Most characters of a payload that is read.
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

/// What a QR code says: which transfer to watch, with which signature, on whose page.
///
/// Debug hides the signature; Display shows it, since that is what goes into the QR code.
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
    /// The page is no `https` address, or an `http` one that is not of this machine.
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
    /// [`InvalidQrPayload::Page`] when the address is not `https` (or `http` on localhost), or has
    /// credentials, a query or a fragment.
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = utf8_percent_encode(self.signature.expose(), FRAGMENT);
        write!(f, "{}/t/{}#s={signature}", self.page, self.transfer_id)
    }
}

impl FromStr for QrPayload {
    type Err = InvalidQrPayload;

    /// Reads the signature from the fragment, else from the query; either may be percent-encoded.
    fn from_str(text: &str) -> Result<QrPayload, InvalidQrPayload> {
        if text.len() > MAX_PAYLOAD_LENGTH {
            return Err(InvalidQrPayload::Page);
        }
        let (address, fragment) = text.trim().split_once('#').unwrap_or((text.trim(), ""));
        let (address, query) = address.split_once('?').unwrap_or((address, ""));
        let (page, id) = address.rsplit_once("/t/").ok_or(InvalidQrPayload::TransferId)?;
        check_page(page)?;
        let id = percent_decode_str(id)
            .decode_utf8()
            .map_err(|_| InvalidQrPayload::TransferId)?;
        let transfer_id = TransferId::new(id).map_err(|_| InvalidQrPayload::TransferId)?;
        let signature = parameter_s(fragment)
            .or_else(|| parameter_s(query))
            .ok_or(InvalidQrPayload::Signature)?;
        let signature = percent_decode_str(signature)
            .decode_utf8()
            .map_err(|_| InvalidQrPayload::Signature)?;
        // No signature has a space: it is a `+` that something on the way took for one.
        let signature =
            Signature::new(signature.replace(' ', "+")).map_err(|_| InvalidQrPayload::Signature)?;
        Ok(QrPayload {
            page: page.to_owned(),
            transfer_id,
            signature,
        })
    }
}

fn parameter_s(parameters: &str) -> Option<&str> {
    parameters
        .split('&')
        .find_map(|parameter| parameter.strip_prefix("s="))
}

/// Takes `https://host[:port][/path]`, or `http` on this machine, with plain URL characters only.
fn check_page(page: &str) -> Result<(), InvalidQrPayload> {
    let (scheme, rest) = page.split_once("://").ok_or(InvalidQrPayload::Page)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand within its brackets.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse::<u16>().is_ok()),
        _ => (authority, true),
    };
    let name = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let ipv6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_ok =
        !host.is_empty() && (name || ipv6.is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok()));
    let path_ok = path
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/".contains(&byte));
    let scheme_ok = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    };
    if scheme_ok && host_ok && port && path_ok {
        Ok(())
    } else {
        Err(InvalidQrPayload::Page)
    }
}
