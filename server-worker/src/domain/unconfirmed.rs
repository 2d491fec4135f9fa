//! What has to be remembered of updates that were taken while the archive could not be asked. Pure.

use serde::Serialize;
use serde_json::value::RawValue;
use transfer_status_protocol::json::{self, FromValue, Value};
use transfer_status_protocol::{DecodeError, Patch, Update};

/// What has to be known of unconfirmed updates besides what they made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Unconfirmed {
    /// The fields that they removed and did not set again.
    removed: Vec<Field>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Field {
    Message,
    Amount,
    MerchantId,
    CustomerId,
    Metadata,
}

impl FromValue for Field {
    fn from_value(value: Value<'_>) -> Option<Self> {
        Some(match String::from_value(value)?.as_str() {
            "message" => Self::Message,
            "amount" => Self::Amount,
            "merchantId" => Self::MerchantId,
            "customerId" => Self::CustomerId,
            "metadata" => Self::Metadata,
            _ => return None,
        })
    }
}

impl Unconfirmed {
    /// Reads what [`Unconfirmed::encode`] wrote; `None` where there is nothing.
    pub(super) fn decode(raw: Option<&RawValue>) -> Result<Option<Self>, DecodeError> {
        let Some(raw) = raw.filter(|raw| raw.get() != "null") else {
            return Ok(None);
        };
        let [removed] = json::fields(raw.get(), ["removed"])?;
        let removed = removed.map_or(Some(Vec::new()), |removed| json::items(removed.get()));
        let removed = removed.ok_or(DecodeError::NotAnObject)?;
        let removed = removed
            .into_iter()
            .map(|field| json::required(Some(field), "removed", "the names of fields"))
            .collect::<Result<_, _>>()?;
        Ok(Some(Self { removed }))
    }

    /// The same after one more update.
    #[must_use]
    pub(crate) fn after(mut self, update: &Update) -> Self {
        self.note(Field::Message, &update.message);
        self.note(Field::Amount, &update.amount);
        self.note(Field::MerchantId, &update.merchant_id);
        self.note(Field::CustomerId, &update.customer_id);
        self.note(Field::Metadata, &update.metadata);
        self
    }

    /// As JSON.
    pub(crate) fn encode(&self) -> String {
        // Names of fields: nothing that could fail to be written.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    fn note<T>(&mut self, field: Field, patch: &Patch<T>) {
        match patch {
            Patch::Keep => {}
            Patch::Remove if self.removed.contains(&field) => {}
            Patch::Remove => self.removed.push(field),
            Patch::Set(_) => self.removed.retain(|removed| *removed != field),
        }
    }

    /// The value to go on with: what was reported, else, unless it was removed, what the archive holds.
    pub(super) fn pick<T: Clone>(
        &self,
        field: Field,
        reported: &Option<T>,
        archived: &Option<T>,
    ) -> Option<T> {
        match reported {
            None if !self.removed.contains(&field) => archived.clone(),
            reported => reported.clone(),
        }
    }
}
