//! The one alarm that a room has: what happens when it comes, and setting it. Its time stands for nothing else.

use std::rc::Rc;

use worker::js_sys::Date;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

use super::Room;
use crate::clock::now_unix_millis;
use crate::config::Config;
use crate::domain::alarm;
use crate::domain::outbox::Policy;
use crate::error::ApiError;

/// How long to wait when nothing can be done about a fault: a deploy without its secret, say.
const HOPELESS_MS: i64 = 900_000;

impl Room {
    /// Finds out what the alarm is set for, once as long as the object is awake.
    pub(super) async fn ask_for_alarm(&self) -> Result<(), ApiError> {
        if self.alarm.get().is_none() {
            let set_for = self.state.storage().get_alarm().await?;
            // Another event may have set it during the wait, and knows better.
            if self.alarm.get().is_none() {
                self.alarm.set(Some(set_for));
            }
        }
        Ok(())
    }

    /// Sees to it that an alarm comes no later than `at`.
    pub(super) async fn arm(&self, at: Option<i64>) -> Result<(), ApiError> {
        match at {
            Some(at) => {
                self.ask_for_alarm().await?;
                self.arm_now(at)
            }
            None => Ok(()),
        }
    }

    /// [`Room::arm`] for when it is known what the alarm is set for. Waits for nothing, so that the alarm
    /// is part of the commit that the row belongs to.
    ///
    /// # Errors
    /// When the alarm cannot be set.
    pub(super) fn arm_now(&self, at: i64) -> Result<(), ApiError> {
        match alarm::no_later_than(self.alarm.get().flatten(), at) {
            Some(at) => self.set_alarm(at),
            None => Ok(()),
        }
    }

    /// Sets the alarm for a room that rests: [`Policy::rest`].
    ///
    /// # Errors
    /// When the alarm cannot be set.
    pub(super) fn rest_until(&self, at: i64, first_socket: Option<i64>, alone: bool) -> Result<(), ApiError> {
        let set_for = self.alarm.get().flatten();
        match self.policy()?.rest(set_for, at, first_socket, alone) {
            Some(at) => self.set_alarm(at),
            None => Ok(()),
        }
    }

    /// Sets the alarm whatever it is set for.
    ///
    /// # Errors
    /// When the platform refuses: what the alarm was to see to must not be acknowledged then.
    pub(super) fn set_alarm(&self, at: i64) -> Result<(), ApiError> {
        if self.alarm.get() == Some(Some(at)) {
            return Ok(());
        }
        let date = Date::new(&JsValue::from_f64(at as f64));
        let storage = self.state.storage();
        let set = storage
            .as_raw()
            .set_alarm(date.unchecked_into(), JsValue::NULL.into());
        match set {
            Ok(set) => {
                self.alarm.set(Some(Some(at)));
                // The platform breaks the object, and takes the whole commit back, where this fails later.
                drop(JsFuture::from(set));
                Ok(())
            }
            Err(error) => {
                self.alarm.set(None);
                Err(ApiError::Unreachable {
                    cause: format!("the alarm cannot be set: {error:?}"),
                })
            }
        }
    }

    /// With a commit: what follows from it is looked after even if the object ends right there.
    pub(super) fn secure(&self, now: i64) -> Result<(), ApiError> {
        self.arm_now(self.policy()?.safety(now))
    }

    /// Closes the sockets whose time is over, sends what is owed, and sets the next alarm. It never
    /// fails: the platform gives an alarm up that has failed six times.
    pub(super) async fn on_alarm(self: &Rc<Self>) {
        self.alarm.set(Some(None));
        let next_socket = self.sweep();
        if let Err(error) = self.settle_accounts(next_socket).await {
            self.log(&error);
            self.arm_after_fault();
        }
    }

    /// Sets the alarm for when a fault may be over.
    pub(super) fn arm_after_fault(&self) {
        if let Err(error) = self.arm_now(now_unix_millis().saturating_add(HOPELESS_MS)) {
            self.log(&error);
        }
    }

    /// The waits of this deploy.
    pub(super) fn policy(&self) -> Result<Policy, ApiError> {
        Ok(Config::of(&self.env).map_err(ApiError::NotConfigured)?.outbox)
    }
}
