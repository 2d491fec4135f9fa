//! Places for sockets: how many a room takes, the share of an address, and who makes way for a newcomer.

use std::mem::discriminant;

use transfer_status_protocol::close::CloseCode;
use worker::js_sys::{Array, Date};
use worker::wasm_bindgen::prelude::*;
use worker::{WebSocket, web_sys};

use super::super::Room;
use super::{is_open, kept};
use crate::clock::now_unix_millis;
use crate::config::Config;
use crate::domain::attachment::Attachment;
use crate::domain::backlog;
use crate::domain::pulse;
use crate::error::ApiError;
use crate::platform::socket;

/// What the tag of an address starts with.
const ADDRESS: &str = "from ";
/// The platform takes 32,768 sockets an object, and those that are closing still count.
const MOST_SOCKETS: usize = 32_000;

impl Room {
    /// Makes sure that one more may stand like `newcomer`, of the address with this tag: within its share, and within
    /// all places. Where they are taken, the one that has been silent longest goes, if that is long.
    ///
    /// Those that have yet to prove themselves are counted apart, so that strangers cannot keep the holders of a
    /// signature out. One that was cut off because its client does not read keeps its place until its connection ends.
    pub(super) fn make_room(&self, newcomer: Attachment, address: Option<&str>) -> Result<(), ApiError> {
        let config = Config::of(&self.env).map_err(ApiError::NotConfigured)?;
        let places = config.max_watchers;
        if let Some(address) = address {
            let own = self.state.get_websockets_with_tag(address);
            self.keep_below(pulse::share(places), own, newcomer)?;
        }
        let all = self.state.get_websockets();
        if all.len() >= MOST_SOCKETS {
            return Err(ApiError::TooManyWatchers);
        }
        self.keep_below(places, all, newcomer)
    }

    /// Leaves a place for one more like `newcomer` among `sockets`, of which there may be `places`.
    fn keep_below(
        &self,
        places: usize,
        sockets: Vec<WebSocket>,
        newcomer: Attachment,
    ) -> Result<(), ApiError> {
        if sockets.len() < places {
            return Ok(());
        }
        let now = now_unix_millis();
        let alike: Vec<_> = sockets
            .into_iter()
            .filter(|ws| backlog::keeps_its_place(is_open(ws), socket::unsent(ws)))
            .filter_map(|ws| {
                let (known, pulse) = kept(&ws)?;
                (discriminant(&known) == discriminant(&newcomer)).then_some((ws, pulse))
            })
            .collect();
        if alike.len() < places {
            return Ok(());
        }
        let open = alike.iter().filter(|(ws, _)| is_open(ws));
        let silent = open.filter_map(|(ws, pulse)| {
            let since = pulse.silent_since(self.pinged(ws), now)?;
            Some((since, ws))
        });
        let (_, silent) = silent
            .min_by_key(|(since, _)| *since)
            .ok_or(ApiError::TooManyWatchers)?;
        socket::close(silent, CloseCode::TRY_AGAIN_LATER, "silent");
        Ok(())
    }

    /// When the platform has answered the last ping of this socket: it tells so without waking anything.
    fn pinged(&self, ws: &WebSocket) -> Option<i64> {
        let state: &Sockets = self.state.as_raw().unchecked_ref();
        let at = state.auto_response_timestamp(ws.as_ref()).ok()?;
        Some(at.dyn_ref::<Date>()?.get_time() as i64)
    }

    /// The tag of the address that a socket came from.
    pub(super) fn address_of(&self, ws: &WebSocket) -> Option<String> {
        let state: &Sockets = self.state.as_raw().unchecked_ref();
        let tags = state.tags(ws.as_ref()).ok()?;
        let mut tags = tags.iter().filter_map(|tag| tag.as_string());
        tags.find(|tag| tag.starts_with(ADDRESS))
    }
}

#[wasm_bindgen]
extern "C" {
    /// What `worker` leaves out of the state of an object, or gives with a panic.
    type Sockets;

    #[wasm_bindgen(method, catch, js_name = getWebSocketAutoResponseTimestamp)]
    fn auto_response_timestamp(this: &Sockets, ws: &web_sys::WebSocket) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = getTags)]
    fn tags(this: &Sockets, ws: &web_sys::WebSocket) -> Result<Array, JsValue>;
}

/// The tag of all sockets of an address, by its hash. Half of that tells addresses apart well enough.
pub(super) fn address_tag(hash: &str) -> String {
    format!("{ADDRESS}{}", hash.get(..32).unwrap_or(hash))
}
