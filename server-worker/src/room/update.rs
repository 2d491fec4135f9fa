//! An update of a room: how it comes, what it does to what is stored, and what follows.

use std::rc::Rc;

use transfer_status_protocol::sign::Verified;
use transfer_status_protocol::{ErrorCode, Update};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{Request, Response};

use super::Room;
use crate::clock::now_unix_millis;
use crate::config::Config;
use crate::domain::ledger::Outcome;
use crate::domain::outbox::Known;
use crate::domain::record::Record;
use crate::domain::stored::{self, Stored};
use crate::domain::timeline::Trail;
use crate::domain::view::{self, View};
use crate::error::ApiError;
use crate::log;
use crate::room::answer::Answer;
use crate::room::call::{Beside, Call};

impl Room {
    /// An update by the room's own method.
    pub(super) async fn answer_report(self: &Rc<Self>, beside: &str, url: &str, body: String) -> Answer {
        let word = match Call::from_url(url) {
            Some(Call::Update { word }) => Some(word),
            Some(Call::UpdateIf) => Some(None),
            _ => None,
        };
        let answer = match word.zip(Beside::from_header(Some(beside))) {
            Some((word, beside)) => self.update(body.into_bytes(), word, &beside.trail).await,
            None => Err(ApiError::OtherVersion),
        };
        answer.unwrap_or_else(|error| {
            self.log_if_ours(&error);
            Answer::refusal(&error)
        })
    }

    /// An update of a Worker that does not know `report`. Version 1 of the call carried short ones in a header.
    pub(super) async fn update_by_request(
        self: &Rc<Self>,
        request: &Request,
        in_header: Option<String>,
        word: Option<String>,
        trail: &Trail,
    ) -> Result<Response, ApiError> {
        let update = match in_header {
            Some(update) => update,
            // A text, which the Worker has found to be JSON: a buffer would be one more object for the platform to let go of.
            None => {
                let body = JsFuture::from(request.text()?).await?;
                body.as_string().unwrap_or_default()
            }
        };
        let answer = self.update(update.into_bytes(), word, trail).await?;
        Ok(answer.to_response()?)
    }

    /// Applies an update; one with a `word` comes by the earlier API and is answered in its view. Nothing is
    /// awaited between the last look at what is stored and the write, so no other event comes in between.
    async fn update(
        self: &Rc<Self>,
        body: Vec<u8>,
        word: Option<String>,
        trail: &Trail,
    ) -> Result<Answer, ApiError> {
        let update = Update::decode(&Verified::by_caller(body.as_slice())).map_err(ApiError::BadUpdate)?;
        self.ask_for_alarm().await?;
        let stored = self.stored_for(&update).await?;
        let now = now_unix_millis();
        let view = View::of(word.is_some());
        match stored::apply(
            stored.as_ref(),
            self.tombstone.get(),
            update,
            word.as_deref(),
            now,
        ) {
            Outcome::Applied(record) => {
                let record = Rc::new(record.traced(trail));
                // What follows is looked after even if the object ends right here; without that nothing is taken.
                self.secure(now)?;
                self.keep(&record)?;
                let watchers = self.tell(&record);
                self.deliver_soon(&record, watchers);
                if Config::of(&self.env).is_ok_and(|config| config.log_updates) {
                    log::applied(self.name(), &record, trail);
                }
                Ok(Answer::taken(&view.transfer(&record)))
            }
            Outcome::Unchanged(record) => Ok(Answer::taken(&view.transfer(record))),
            Outcome::Conflict { current, reason } if view == View::Legacy => {
                log::conflict(self.name(), &reason.to_string(), trail);
                let known = stored.as_ref().and_then(Stored::record);
                let word = known.and_then(|known| known.word.as_deref());
                let conflict = view::conflict(&reason.to_string(), &current, word);
                Ok(Answer::of(ErrorCode::Conflict.http_status(), conflict))
            }
            Outcome::Conflict { current, reason } => {
                log::conflict(self.name(), &reason.to_string(), trail);
                Err(ApiError::Conflict {
                    reason,
                    transfer: Box::new(current.into_owned()),
                })
            }
        }
    }

    /// Stores a change.
    fn keep(&self, record: &Rc<Record>) -> Result<(), ApiError> {
        self.storage.save(record)?;
        if self.tombstone.get().is_some_and(|tombstone| !tombstone.is_owed) {
            self.storage.forget_deletion()?;
            self.tombstone.set(None);
        }
        *self.stored.borrow_mut() = Some(Stored::Here(Rc::clone(record)));
        self.note(Known::note_changed);
        Ok(())
    }
}
