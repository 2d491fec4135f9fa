//! A shop's backend: creates transfer requests, so that its checkout page may watch their payments.
//!
//! `POST /create-transfer-request` with `{"amount": 12.10, "currency": "EUR", "description": "Two coffees"}`
//! answers `{transferRequestId, merchantId, expiry, signature, url, qr}`. The page watches with all of it as it is;
//! `url` is the service's address, `qr` the text of the code that the page shows to a phone.
//!
//! Whoever holds an order's signature may read the order (`GET /orders/{id}`, for the phone that has scanned the code)
//! and get a fresh signature within the hour (`POST /orders/{id}/signature`, the old one may have expired): a payment
//! under way outlives its code.
//!
//! The secret stays in this process. What leaves it is a signature that opens one transfer, for a while.

mod config;
mod demo;
mod error;
mod orders;
pub mod pages;

pub use config::{Config, ConfigError};
pub use error::MerchantError;
pub use orders::{MAX_DESCRIPTION, MAX_ORDERS, ORDER_LIFETIME, Order, Orders};

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use transfer_status::signature::{self, SubscriptionError};
use transfer_status::{KeyRing, Minter, Publisher, QrPayload, Signature, TransferId, TransferRequest};
use uuid::Uuid;

/// Most bytes of a request's body. An order is small.
pub const MAX_BODY: usize = 4 * 1024;
/// How long a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The answer to `POST /create-transfer-request`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Created {
    /// Which transfer to watch, and the right to.
    #[serde(flatten)]
    pub request: TransferRequest,
    /// Where to watch: the service's address.
    pub url: String,
    /// The text of the QR code: the page's address, with the signature in the fragment.
    pub qr: String,
}

/// An order as its phone sees it.
#[derive(Debug, Serialize)]
struct Shown {
    merchant: String,
    url: String,
    #[serde(flatten)]
    order: Order,
}

/// One merchant: mints with its key, under its name.
#[derive(Debug)]
pub struct Merchant {
    minter: Minter,
    keys: KeyRing,
    orders: Orders,
    merchant_id: String,
    valid_for: Duration,
    page: String,
    service: String,
}

impl Merchant {
    /// A merchant whose codes lead to `page`.
    pub fn new(config: &Config, page: String) -> Self {
        Self {
            minter: Minter::new(config.key.clone()),
            keys: KeyRing::new(config.key.clone()),
            orders: Orders::default(),
            merchant_id: config.merchant_id.clone(),
            valid_for: config.valid_for,
            page,
            service: config.service.clone(),
        }
    }

    /// The shop's name in the service.
    pub fn id(&self) -> &str {
        &self.merchant_id
    }

    /// The orders that were taken.
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// Takes an order and makes a transfer of it.
    ///
    /// # Errors
    /// [`MerchantError::InvalidOrder`] when the order is against the rules, [`MerchantError::Internal`] when the
    /// merchant's own settings are.
    pub fn create(&self, order: &Order) -> Result<Created, MerchantError> {
        order.check()?;
        let id = TransferId::new(Uuid::new_v4().simple().to_string()).map_err(|_| MerchantError::Internal)?;
        let request = self.mint(id.clone())?;
        let qr = qr_payload(&self.page, &request)?.to_string();
        self.orders.insert(Instant::now(), id, order.clone());
        Ok(Created {
            request,
            url: self.service.clone(),
            qr,
        })
    }

    /// The order with this id, while it is kept.
    ///
    /// # Errors
    /// [`MerchantError::NoSuchOrder`].
    pub fn order(&self, id: &str) -> Result<(TransferId, Order), MerchantError> {
        let id = TransferId::new(id).map_err(|_| MerchantError::NoSuchOrder)?;
        let order = self.orders.get(Instant::now(), &id);
        order.map(|order| (id, order)).ok_or(MerchantError::NoSuchOrder)
    }

    /// A fresh signature for an order whose signature the caller holds; that one may have expired.
    ///
    /// # Errors
    /// [`MerchantError::Unauthorized`] when `signature` is not this shop's for the order,
    /// [`MerchantError::NoSuchOrder`] when the order is over.
    pub fn refresh(&self, id: &str, signature: &Signature) -> Result<TransferRequest, MerchantError> {
        let (id, _) = self.proved(id, signature)?;
        self.mint(id)
    }

    /// The order, if `signature` is this shop's for it. It may have expired: it says who asks, not what may be watched.
    fn proved(&self, id: &str, signature: &Signature) -> Result<(TransferId, Order), MerchantError> {
        let (id, order) = self.order(id)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        match signature::verify(&self.keys, signature, &id, now.as_secs()) {
            Ok(_) | Err(SubscriptionError::Expired) => Ok((id, order)),
            Err(_) => Err(MerchantError::Unauthorized),
        }
    }

    fn mint(&self, id: TransferId) -> Result<TransferRequest, MerchantError> {
        let request = self.minter.mint(id, self.merchant_id.as_str(), self.valid_for);
        request.map_err(|_| MerchantError::Internal)
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

/// The routes of the backend, and of the pages where `config` says which.
///
/// # Errors
/// The demo bank cannot be set up.
pub fn router(merchant: Merchant, config: &Config) -> io::Result<Router> {
    // The shop's page may live on another host than its backend.
    let cors = CorsLayer::new()
        .allow_origin(config.allowed_origins.clone())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .max_age(Duration::from_secs(600));
    let mut api = Router::new()
        .route("/create-transfer-request", post(create_transfer_request))
        .route("/orders/{id}", get(order))
        .route("/orders/{id}/signature", post(refresh))
        .route("/healthz", get(|| async { "ok" }));
    if let Some(key) = &config.demo_bank {
        let publisher = Publisher::builder(config.service.as_str(), key.clone()).build();
        api = api.merge(demo::routes(publisher.map_err(io::Error::other)?));
    }
    // A signature must not stay in a cache on the way.
    let no_store = HeaderValue::from_static("no-store");
    let mut all = api.layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, no_store));
    if let Some(folder) = &config.checkout {
        all = all.merge(pages::routes(folder, &config.service, config.demo_bank.is_some()));
    }
    Ok(all
        .fallback(|| async { MerchantError::NotFound })
        .method_not_allowed_fallback(|| async { MerchantError::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            REQUEST_TIMEOUT,
        ))
        .layer(cors)
        .with_state(Arc::new(merchant)))
}

async fn create_transfer_request(
    State(merchant): State<Arc<Merchant>>,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Json<Created>, MerchantError> {
    let Json(order) = order?;
    merchant.create(&order).map(Json)
}

async fn order(
    State(merchant): State<Arc<Merchant>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Shown>, MerchantError> {
    let (_, order) = merchant.proved(&id, &bearer(&headers)?)?;
    Ok(Json(Shown {
        merchant: merchant.merchant_id.clone(),
        url: merchant.service.clone(),
        order,
    }))
}

async fn refresh(
    State(merchant): State<Arc<Merchant>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<TransferRequest>, MerchantError> {
    merchant.refresh(&id, &bearer(&headers)?).map(Json)
}

fn bearer(headers: &HeaderMap) -> Result<Signature, MerchantError> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let text = value.and_then(|value| value.strip_prefix("Bearer "));
    Signature::new(text.unwrap_or_default()).map_err(|_| MerchantError::Unauthorized)
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
    let app = router(Merchant::new(config, page), config)?;
    axum::serve(listener, app).with_graceful_shutdown(stop).await
}
