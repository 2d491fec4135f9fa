//! A shop's backend: creates transfer requests, so that its checkout page may watch their payments.
//!
//! `POST /create-transfer-request` with `{"amount": 12.10, "currency": "EUR", "description": "Two coffees"}`
//! answers `{transferRequestId, merchantId, expiry, signature, qr}`. The page watches with the first and the
//! fourth; `qr` is the text of the code that it shows to a phone.
//!
//! The secret stays in this process. What leaves it is a signature that opens one transfer, for a while.

mod config;
mod error;

pub use config::{Config, ConfigError};
pub use error::MerchantError;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use transfer_status::{Amount, Minter, QrPayload, TransferId, TransferRequest};
use uuid::Uuid;

/// Most bytes of a request's body. An order is small.
pub const MAX_BODY: usize = 4 * 1024;
/// Most characters of an order's description.
pub const MAX_DESCRIPTION: usize = 140;
/// How long a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// What a customer is about to pay.
///
/// A real shop computes the amount from the cart it keeps; it never believes the browser.
#[derive(Debug, Deserialize)]
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

/// The answer to `POST /create-transfer-request`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Created {
    /// Which transfer to watch, and the right to.
    #[serde(flatten)]
    pub request: TransferRequest,
    /// The text of the QR code: the page's address, with the signature in the fragment.
    pub qr: String,
}

/// One merchant: mints with its key, under its name.
#[derive(Debug)]
pub struct Merchant {
    minter: Minter,
    merchant_id: String,
    valid_for: Duration,
    page: String,
}

impl Merchant {
    /// A merchant whose codes lead to `page`.
    pub fn new(config: &Config, page: String) -> Self {
        Self {
            minter: Minter::new(config.key.clone()),
            merchant_id: config.merchant_id.clone(),
            valid_for: config.valid_for,
            page,
        }
    }

    /// Takes an order and makes a transfer of it. A real shop stores both in its database here.
    ///
    /// # Errors
    /// [`MerchantError::InvalidOrder`] when the order is against the rules, [`MerchantError::Internal`] when the
    /// merchant's own settings are.
    pub fn create(&self, order: &Order) -> Result<Created, MerchantError> {
        order.check()?;
        let internal = |_| MerchantError::Internal;
        let id = TransferId::new(Uuid::new_v4().simple().to_string()).map_err(internal)?;
        let request = self
            .minter
            .mint(id, self.merchant_id.as_str(), self.valid_for)
            .map_err(|_| MerchantError::Internal)?;
        let qr = qr_payload(&self.page, &request)?.to_string();
        Ok(Created { request, qr })
    }
}

/// What a QR code for this transfer request says.
///
/// # Errors
/// [`MerchantError::Internal`] when `page` is no `https` address (or `http` on this machine).
pub fn qr_payload(page: &str, request: &TransferRequest) -> Result<QrPayload, MerchantError> {
    QrPayload::new(
        page,
        request.transfer_request_id.clone(),
        request.signature.clone(),
    )
    .map_err(|_| MerchantError::Internal)
}

/// The routes of the backend.
pub fn router(merchant: Merchant, config: &Config) -> Router {
    // The shop's page may live on another host than its backend.
    let cors = CorsLayer::new()
        .allow_origin(config.allowed_origins.clone())
        .allow_methods([Method::POST])
        .allow_headers([CONTENT_TYPE])
        .max_age(Duration::from_secs(600));
    // A signature must not stay in a cache on the way.
    let no_store = SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Router::new()
        .route("/create-transfer-request", post(create_transfer_request))
        .route("/healthz", get(|| async { "ok" }))
        .fallback(|| async { MerchantError::NotFound })
        .method_not_allowed_fallback(|| async { MerchantError::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            REQUEST_TIMEOUT,
        ))
        .layer(no_store)
        .layer(cors)
        .with_state(Arc::new(merchant))
}

async fn create_transfer_request(
    State(merchant): State<Arc<Merchant>>,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Json<Created>, MerchantError> {
    let Json(order) = order?;
    merchant.create(&order).map(Json)
}

/// Serves until `stop` is ready, then ends the requests under way.
///
/// # Errors
/// The listener is not usable.
pub async fn serve(
    listener: TcpListener,
    config: &Config,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let page = match &config.page {
        Some(page) => page.clone(),
        None => format!("http://{}", listener.local_addr()?),
    };
    let app = router(Merchant::new(config, page), config);
    axum::serve(listener, app).with_graceful_shutdown(stop).await
}
