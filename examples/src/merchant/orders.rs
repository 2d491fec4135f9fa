//! The orders that the shop has taken: in memory here, in a database in a real shop.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use transfer_status::{Amount, TransferId};

use super::MerchantError;

/// Most characters of an order's description.
pub const MAX_DESCRIPTION: usize = 140;
/// How long an order is kept, and with it the right to a fresh signature.
pub const ORDER_LIFETIME: Duration = Duration::from_secs(3600);
/// Most orders that are kept; the oldest goes first.
pub const MAX_ORDERS: usize = 10_000;

/// What a customer is about to pay.
///
/// A real shop computes the amount from the cart it keeps; it never believes the browser.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// How much, above zero.
    pub amount: Amount,
    /// ISO 4217, as in `EUR`.
    pub currency: String,
    /// What for, up to 140 characters.
    #[serde(default)]
    pub description: Option<String>,
}

impl Order {
    /// Holds the order to the shop's rules.
    ///
    /// # Errors
    /// [`MerchantError::InvalidOrder`], which names the field.
    pub fn check(&self) -> Result<(), MerchantError> {
        if self.amount.as_f64() <= 0.0 {
            return Err(MerchantError::InvalidOrder("amount must be above zero"));
        }
        if self.currency.len() != 3 || !self.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(MerchantError::InvalidOrder(
                "currency must be three capital letters, like EUR",
            ));
        }
        if self
            .description
            .as_ref()
            .is_some_and(|text| text.chars().count() > MAX_DESCRIPTION)
        {
            return Err(MerchantError::InvalidOrder(
                "description must be at most 140 characters",
            ));
        }
        Ok(())
    }
}

/// The orders of the last hour, oldest first.
#[derive(Debug, Default)]
pub struct Orders(Mutex<VecDeque<(Instant, TransferId, Order)>>);

impl Orders {
    /// Keeps an order that was taken at `now`.
    pub fn insert(&self, now: Instant, id: TransferId, order: Order) {
        self.with(|orders| {
            while orders.len() >= MAX_ORDERS || orders.front().is_some_and(|(taken, ..)| is_over(now, *taken))
            {
                orders.pop_front();
            }
            orders.push_back((now, id, order));
        });
    }

    /// The order with this id, if it is kept at `now`.
    pub fn get(&self, now: Instant, id: &TransferId) -> Option<Order> {
        self.with(|orders| {
            let found = orders.iter().rev().find(|(_, known, _)| known == id);
            found
                .filter(|(taken, ..)| !is_over(now, *taken))
                .map(|(_, _, order)| order.clone())
        })
    }

    /// The newest order.
    pub fn newest(&self) -> Option<(TransferId, Order)> {
        self.with(|orders| orders.back().map(|(_, id, order)| (id.clone(), order.clone())))
    }

    fn with<T>(&self, work: impl FnOnce(&mut VecDeque<(Instant, TransferId, Order)>) -> T) -> T {
        // A panic elsewhere leaves whole orders behind.
        work(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn is_over(now: Instant, taken: Instant) -> bool {
    now.saturating_duration_since(taken) > ORDER_LIFETIME
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            amount: "12.10".parse().unwrap(),
            currency: "EUR".to_owned(),
            description: None,
        }
    }

    fn id(number: usize) -> TransferId {
        TransferId::new(format!("order-{number}")).unwrap()
    }

    #[test]
    fn an_order_is_kept_for_an_hour() {
        let (orders, start) = (Orders::default(), Instant::now());
        orders.insert(start, id(1), order());
        assert!(orders.get(start + ORDER_LIFETIME, &id(1)).is_some());
        assert!(
            orders
                .get(start + ORDER_LIFETIME + Duration::from_secs(1), &id(1))
                .is_none()
        );
        assert!(orders.get(start, &id(2)).is_none());
        assert_eq!(orders.newest().unwrap().0, id(1));
    }

    #[test]
    fn a_flood_of_orders_does_not_fill_the_memory() {
        let (orders, start) = (Orders::default(), Instant::now());
        for number in 0..=MAX_ORDERS {
            orders.insert(start, id(number), order());
        }
        assert!(orders.get(start, &id(0)).is_none());
        assert!(orders.get(start, &id(MAX_ORDERS)).is_some());
        assert_eq!(orders.with(|orders| orders.len()), MAX_ORDERS);
    }
}
