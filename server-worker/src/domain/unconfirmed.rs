//! What has to be remembered of updates that were taken while the archive could not be asked. Pure.

use serde::{Deserialize, Serialize};
use transfer_status_protocol::{Patch, Update};

/// What has to be known of unconfirmed updates besides what they made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unconfirmed {
    /// The fields that they removed and did not set again.
    #[serde(default)]
    removed: Vec<Field>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Field {
    Message,
    Amount,
    MerchantId,
    CustomerId,
    Metadata,
}

impl Unconfirmed {
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
