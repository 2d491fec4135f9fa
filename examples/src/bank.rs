//! A bank: reports each step of a payment by a signed update.

use std::time::Duration;

use transfer_status::{Amount, PublishError, Publisher, Status, Transfer, TransferId, Update};

/// A payment that the bank carries out.
#[derive(Debug, Clone)]
pub struct Payment {
    /// Which transfer it is about.
    pub transfer_id: TransferId,
    /// How much.
    pub amount: Amount,
    /// Who receives.
    pub merchant_id: String,
    /// Who pays.
    pub customer_id: String,
}

impl Payment {
    /// What the bank reports, one step after the other.
    ///
    /// The first update names the parties; a field that a later one leaves out keeps its value.
    pub fn updates(&self) -> [Update; 3] {
        let update = |status| Update::new(self.transfer_id.clone(), status);
        [
            update(Status::Pending)
                .with_message("Waiting for the customer")
                .with_amount(self.amount.clone())
                .with_merchant_id(self.merchant_id.as_str())
                .with_customer_id(self.customer_id.as_str()),
            update(Status::Processing).with_message("The money is on its way"),
            update(Status::Completed).with_message("The money has arrived"),
        ]
    }
}

/// Carries a payment through to the end, one step each `pace`; `stored` sees each step as the service stored it.
///
/// # Errors
/// [`PublishError`] of the first step that the service did not store. The publisher has already tried again what may
/// be tried again; a [`PublishError::Conflict`] carries the transfer as it stands.
pub async fn carry_out(
    publisher: &Publisher,
    payment: &Payment,
    pace: Duration,
    mut stored: impl FnMut(&Transfer),
) -> Result<(), PublishError> {
    for (step, update) in payment.updates().iter().enumerate() {
        if step > 0 {
            tokio::time::sleep(pace).await;
        }
        stored(&publisher.publish(update).await?);
    }
    Ok(())
}
