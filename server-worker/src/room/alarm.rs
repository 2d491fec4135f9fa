//! The one alarm that a room has: when it is set, and for what.
//!
//! Setting it costs a written row and asking costs none, so it is only ever moved forward, but for the
//! farewell of a final transfer.

use worker::js_sys::Date;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

use super::Room;
use crate::clock::now_unix_millis;
use crate::config::Config;
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
        if let Some(at) = at {
            self.ask_for_alarm().await?;
            self.arm_now(at);
        }
        Ok(())
    }

    /// [`Room::arm`] for when it is known what the alarm is set for. Waits for nothing, so that the alarm
    /// is part of the commit that the row belongs to.
    pub(super) fn arm_now(&self, at: i64) {
        let at = match (self.row(), self.policy()) {
            (Some(record), Ok(policy)) => policy.beside_farewell(record.held(), at),
            _ => at,
        };
        if self.alarm.get().flatten().is_none_or(|set_for| set_for > at) {
            self.set_alarm(at);
        }
    }

    /// Sets the alarm whatever it is set for.
    pub(super) fn set_alarm(&self, at: i64) {
        if self.alarm.get() == Some(Some(at)) {
            return;
        }
        self.alarm.set(Some(Some(at)));
        let date = Date::new(&JsValue::from_f64(at as f64));
        let storage = self.state.storage();
        match storage
            .as_raw()
            .set_alarm(date.unchecked_into(), JsValue::NULL.into())
        {
            // The platform breaks the object, and takes the whole commit back, where this fails later.
            Ok(set) => drop(JsFuture::from(set)),
            Err(error) => {
                self.alarm.set(None);
                self.log(&error.into());
            }
        }
    }

    /// After a commit: what follows from it is looked after even if the object ends right here.
    pub(super) fn secure(&self, now: i64) {
        if let Ok(policy) = self.policy() {
            self.arm_now(policy.safety(now));
        }
    }

    /// Closes the sockets whose time is over, sends what is owed, and sets the next alarm. It never
    /// fails: the platform gives an alarm up that has failed six times.
    pub(super) async fn on_alarm(&self, set_for: Option<i64>) {
        self.alarm.set(Some(None));
        if let Some(next) = self.sweep() {
            self.arm_now(next);
        }
        if let Err(error) = self.settle_accounts(set_for).await {
            self.log(&error);
            self.arm_now(now_unix_millis().saturating_add(HOPELESS_MS));
        }
    }

    /// The waits of this deploy.
    pub(super) fn policy(&self) -> Result<Policy, ApiError> {
        Ok(Config::of(&self.env).map_err(ApiError::NotConfigured)?.outbox)
    }
}
