//! `DELETE /transfer/{id}`: the transfer goes from its room, from the archive and from the list, for good.
//!
//! A tombstone takes the row's place in one commit, so that nobody sees the transfer from then on; then what lies
//! elsewhere is removed, by the same delivery that brought it there. The tombstone stays until nothing that was under way
//! can bring the transfer back, and a last look at the archive has shown so.

use std::rc::Rc;

use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::Response;

use super::Room;
use crate::archive;
use crate::clock::now_unix_millis;
use crate::domain::outbox::Known;
use crate::domain::removal::Tombstone;
use crate::domain::stored::Stored;
use crate::error::ApiError;
use crate::platform::{reply, socket};

/// How long the last look at the archive may take, in milliseconds.
const VERIFY_WITHIN_MS: i32 = 10_000;

impl Room {
    /// Deletes the transfer; 204 once nothing of it is left anywhere.
    ///
    /// # Errors
    /// [`ApiError::UnknownTransfer`], or [`ApiError::DeletionOwed`] when the archive or the list could not be reached: it
    /// is shown to nobody any more, and what is left goes as soon as they are back.
    pub(super) async fn delete(self: &Rc<Self>) -> Result<Response, ApiError> {
        self.ask_for_alarm().await?;
        let stored = self.stored().await?;
        match stored.record() {
            Some(record) => {
                let now = now_unix_millis();
                let tombstone = Tombstone::of(record.mark(), now);
                self.secure(now)?;
                self.storage.delete(tombstone)?;
                self.tombstone.set(Some(tombstone));
                *self.stored.borrow_mut() = Some(Stored::Nowhere);
                self.known.set(Known::default());
                self.close_all(&ApiError::Deleted);
            }
            None if self.tombstone.get().is_some_and(|tombstone| tombstone.is_owed) => {}
            None => return Err(ApiError::UnknownTransfer),
        }
        // One that was under way may have looked before the tombstone was there.
        let under_way = self.delivery.borrow().clone();
        if let Some(under_way) = under_way {
            JsFuture::from(under_way).await?;
        }
        if self.is_removal_owed() {
            JsFuture::from(self.delivery()).await?;
        }
        match self.is_removal_owed() {
            true => Err(ApiError::DeletionOwed),
            false => Ok(reply::empty(204, &[])?),
        }
    }

    fn is_removal_owed(&self) -> bool {
        self.tombstone.get().is_some_and(|tombstone| tombstone.is_owed)
    }

    /// Looks for the last time whether the archive has the transfer again, and forgets the deletion where it has not; `false`
    /// when that has to be looked at once more.
    pub(super) async fn verify_removal(self: &Rc<Self>) -> Result<bool, ApiError> {
        let looked_after = self.tombstone.get();
        match archive::get(&self.env, self.id()?, VERIFY_WITHIN_MS).await {
            // An update may have come during the wait, and another deletion after it.
            Ok(None) if self.tombstone.get() != looked_after => Ok(true),
            Ok(None) => {
                self.forget_all(Stored::Nowhere, None).await?;
                Ok(true)
            }
            // A write that was under way has come after all.
            Ok(Some(_)) => {
                self.remove_elsewhere().await?;
                Ok(false)
            }
            Err(error) => {
                self.log_owed("archive", &error);
                Ok(false)
            }
        }
    }

    /// Removes what lies elsewhere; `false` when something of it could not be.
    pub(super) async fn remove_elsewhere(self: &Rc<Self>) -> Result<bool, ApiError> {
        let Some(tombstone) = self.tombstone.get() else {
            return Ok(true);
        };
        let archived = archive::delete(&self.env, self.id()?).await;
        if let Err(error) = &archived {
            self.log_owed("archive", error);
        }
        let unlisted = self.take_off_the_list(tombstone.deleted_at).await?;
        // It may have been removed though nobody heard so.
        self.note(Known::note_removed);
        if archived.is_err() || !unlisted {
            return Ok(false);
        }
        let removed = tombstone;
        let settled = |tombstone: &Tombstone| tombstone.is_settled_by(removed);
        if let Some(tombstone) = self.tombstone.get().filter(settled) {
            match self.row() {
                // The id has a new life already, which needs no tombstone.
                Some(_) => {
                    self.storage.forget_deletion()?;
                    self.tombstone.set(None);
                }
                // The pages of a deleted row lie in the database until they are written over: it goes as a whole.
                None => self.forget_all(Stored::Nowhere, Some(tombstone.done())).await?,
            }
        }
        Ok(true)
    }

    /// Refuses every socket that is open.
    fn close_all(&self, error: &ApiError) {
        for ws in self.state.get_websockets() {
            socket::refuse(&ws, error);
        }
    }
}
