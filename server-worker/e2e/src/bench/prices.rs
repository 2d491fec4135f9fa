//! List prices of the platform's paid plan, in US dollars a million, without what a plan includes.
//!
//! From the pricing pages of Workers, Durable Objects and KV at developers.cloudflare.com, November 2026.

/// A request that reaches the Worker, an upgrade too.
pub(crate) const WORKER_REQUEST: f64 = 0.30;
/// A millisecond of the Worker's processor time.
pub(crate) const WORKER_MS: f64 = 0.02;
/// A request, an upgrade or an alarm of a Durable Object, or 20 messages of its clients.
pub(crate) const OBJECT_REQUEST: f64 = 0.15;
/// Messages that count as one request.
pub(crate) const MESSAGES_A_REQUEST: f64 = 20.0;
/// A GB-second of an object that is not asleep.
pub(crate) const OBJECT_GB_SECOND: f64 = 12.50;
/// What an object is billed to hold, whatever it does hold.
pub(crate) const OBJECT_GB: f64 = 0.128;
/// A row read.
pub(crate) const ROW_READ: f64 = 0.001;
/// A row written by a statement or by key, or deleted so; setting an alarm is one.
pub(crate) const ROW_WRITTEN: f64 = 1.00;
/// A row that goes with the whole database: `deleteAll` runs no statement that the runtime counts for the bill.
pub(crate) const ROW_EMPTIED: f64 = 0.0;
/// A key read from KV.
pub(crate) const KV_READ: f64 = 0.50;
/// A key written to KV.
pub(crate) const KV_WRITE: f64 = 5.00;

/// A GB that KV keeps for a month.
pub(crate) const KV_GB_MONTH: f64 = 500_000.0;
/// A GB that objects keep in SQLite for a month.
pub(crate) const OBJECT_GB_MONTH: f64 = 200_000.0;
/// Hours of a month, as the platform's bills have them.
pub(crate) const HOURS_A_MONTH: f64 = 730.0;
