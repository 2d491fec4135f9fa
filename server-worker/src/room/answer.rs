//! A room's answer to an update, as it crosses to the Worker: values that the platform copies, where a response would be
//! one more object to make, to carry over and to take apart.
//!
//! What was taken is a string, the body of a 200. All else is an array of strings: status, body, then name and value of
//! each header.

use worker::js_sys::Array;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::Response;

use crate::error::ApiError;
use crate::platform::reply;

/// What an update is answered with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// 200 with this text, which JavaScript holds.
    Taken(JsValue),
    /// Any other.
    Other {
        status: u16,
        body: String,
        headers: Vec<(String, String)>,
    },
}

impl Answer {
    /// The transfer, as it is stored now.
    pub(super) fn taken(body: &str) -> Self {
        Self::Taken(JsValue::from_str(body))
    }

    /// With no headers of its own.
    pub(super) fn of(status: u16, body: String) -> Self {
        let headers = Vec::new();
        Self::Other {
            status,
            body,
            headers,
        }
    }

    /// The error object under its status.
    pub(super) fn refusal(error: &ApiError) -> Self {
        let headers = error.headers().into_iter();
        Self::Other {
            status: error.code().http_status(),
            body: error.to_json(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    /// As it crosses.
    pub(super) fn into_js(self) -> JsValue {
        match self {
            Self::Taken(body) => body,
            Self::Other {
                status,
                body,
                headers,
            } => {
                let lines = to_lines(status, body, headers);
                lines.map(JsValue::from).collect::<Array>().into()
            }
        }
    }

    /// Reads what crossed; `None` for what only another version would say.
    pub(super) fn from_js(answer: JsValue) -> Option<Self> {
        if answer.is_string() {
            return Some(Self::Taken(answer));
        }
        let lines: Array = answer.dyn_into().ok()?;
        Self::from_lines(lines.iter().map(|line| line.as_string()))
    }

    fn from_lines(mut lines: impl Iterator<Item = Option<String>>) -> Option<Self> {
        let status = lines.next()??.parse().ok()?;
        let status = Some(status).filter(|status| (200..600).contains(status))?;
        let body = lines.next()??;
        let mut headers = Vec::new();
        while let Some(name) = lines.next() {
            headers.push((name?, lines.next()??));
        }
        Some(Self::Other {
            status,
            body,
            headers,
        })
    }

    /// As it leaves.
    pub(super) fn to_response(&self) -> Result<Response, JsValue> {
        match self {
            Self::Taken(body) => reply::taken(body),
            Self::Other {
                status,
                body,
                headers,
            } => {
                let headers: Vec<_> = headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                reply::json(*status, body, &headers)
            }
        }
    }
}

fn to_lines(status: u16, body: String, headers: Vec<(String, String)>) -> impl Iterator<Item = String> {
    let headers = headers.into_iter().flat_map(|(name, value)| [name, value]);
    [status.to_string(), body].into_iter().chain(headers)
}

#[cfg(test)]
mod tests {
    use super::{Answer, to_lines};
    use crate::error::ApiError;

    /// As rooms of each release that has the call have said it.
    #[test]
    fn a_refusal_crosses_with_its_status_and_its_headers() {
        let conflict = r#"{"type":"error","code":"conflict","message":"it is final"}"#;
        let refusals = [
            Answer::refusal(&ApiError::OtherVersion),
            Answer::of(409, conflict.to_owned()),
        ];
        let golden = include_str!("../../golden/1.1/answers.txt").lines();
        for (refusal, golden) in refusals.into_iter().zip(golden) {
            let lines: Vec<String> = serde_json::from_str(golden).unwrap();
            assert_eq!(
                Answer::from_lines(lines.iter().cloned().map(Some)),
                Some(refusal.clone())
            );
            let Answer::Other {
                status,
                body,
                headers,
            } = refusal
            else {
                panic!("a refusal is none that was taken");
            };
            assert!(to_lines(status, body, headers).eq(lines));
        }
    }

    #[test]
    fn what_another_version_says_is_no_answer() {
        for lines in [
            &[][..],
            &["409"],
            &["-1", "{}"],
            &["70000", "{}"],
            &["101", "{}"],
            &["ok", "{}"],
            &["503", "{}", "retry-after"],
        ] {
            let read = Answer::from_lines(lines.iter().map(|line| Some((*line).to_owned())));
            assert_eq!(read, None, "{lines:?}");
        }
        assert_eq!(
            Answer::from_lines([Some("409".to_owned()), None].into_iter()),
            None
        );
    }
}
