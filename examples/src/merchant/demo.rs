//! The bank of the demo: a person moves the newest payment by hand. For demonstrations only, `DEMO_BANK=on`.
//!
//! `GET /demo/payment` answers the newest order, or `null`; `POST /demo/payment/{id}` with `{"status": "completed"}`
//! signs an update and sends it to the service, as a bank's backend would.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use transfer_status::{PublishError, Publisher, Status, TransferId, Update};

use super::{Merchant, MerchantError, Order};

/// What the page of the demo bank asks for.
#[derive(Debug, Deserialize)]
struct Move {
    status: Status,
}

/// The newest order, for the page of the demo bank.
#[derive(Debug, Serialize)]
struct Newest {
    id: TransferId,
    #[serde(flatten)]
    order: Order,
}

/// The routes of the demo bank, which reports by `publisher`.
pub(super) fn routes(publisher: Publisher) -> Router<Arc<Merchant>> {
    let publisher = Arc::new(publisher);
    let newest = |State(merchant): State<Arc<Merchant>>| async move {
        Json(merchant.orders().newest().map(|(id, order)| Newest { id, order }))
    };
    let change = move |State(merchant): State<Arc<Merchant>>,
                       Path(id): Path<String>,
                       wish: Result<Json<Move>, JsonRejection>| {
        let publisher = Arc::clone(&publisher);
        async move { change(&merchant, &publisher, id, wish).await }
    };
    Router::new()
        .route("/demo/payment", get(newest))
        .route("/demo/payment/{id}", post(change))
}

async fn change(
    merchant: &Merchant,
    publisher: &Publisher,
    id: String,
    wish: Result<Json<Move>, JsonRejection>,
) -> Result<Response, MerchantError> {
    let Json(Move { status }) = wish?;
    let (id, order) = merchant.order(&id)?;
    let update = Update::new(id, status.clone())
        .with_amount(order.amount)
        .with_merchant_id(merchant.id())
        .with_message(said(&status));
    Ok(match publisher.publish(&update).await {
        Ok(transfer) => Json(transfer).into_response(),
        Err(PublishError::Conflict {
            current: Some(current),
            ..
        }) => (StatusCode::CONFLICT, Json(*current)).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    })
}

/// What a bank might say.
fn said(status: &Status) -> &'static str {
    match status {
        Status::Pending => "Waiting for the customer",
        Status::Processing => "The money is on its way",
        Status::Completed => "The money has arrived",
        Status::Failed => "The bank declined the payment",
        Status::Cancelled => "The customer cancelled",
        _ => "",
    }
}
