//! The bill of a life: what was counted, priced.

use transfer_status_e2e::{Counts, ObjectCounts};

use super::lives::Life;
use crate::prices;

/// Assumed: how long a room waits for KV, in milliseconds, which takes no time on one machine. An object is billed
/// for that while it waits after its answer too.
const FAR_KV_MS: f64 = 100.0;
/// Assumed: the same for a shard of the index.
const FAR_SHARD_MS: f64 = 20.0;
/// Assumed: a shard that is asleep is woken so often for each transfer: what comes of a million a month that come
/// evenly, spread over 8 shards that fall asleep after 10 s.
const SHARD_WAKES: f64 = 0.7;
/// What `HISTORY_TTL_DAYS` is by default.
const KEPT_DAYS: f64 = 400.0;
/// What the list holds at most, however many there are: 8 MiB in each of 8 shards.
const LIST_BYTES: f64 = 8.0 * 8.0 * 1_048_576.0;

/// One part of the bill.
pub(super) struct Part {
    /// What is paid for.
    pub(super) name: &'static str,
    /// How much of it one transfer needs.
    pub(super) count: f64,
    price: f64,
    /// Whether it is paid for being kept, month by month.
    pub(super) is_kept: bool,
    /// Whether it was measured by the clock.
    pub(super) is_timed: bool,
}

impl Part {
    /// For a million transfers.
    pub(super) fn dollars(&self) -> f64 {
        self.count * self.price
    }
}

/// What does not come with the counts of a life.
pub(super) struct Assumed {
    /// Milliseconds of processor time that the Worker takes for a request.
    pub(super) worker_ms: f64,
    /// Rows that a full shard reads when a change wakes it.
    pub(super) rows_a_wake: f64,
}

/// What `counts`, of `transfers` times this life, cost.
pub(super) fn of(life: &Life, counts: &Counts, transfers: f64, assumed: &Assumed) -> Vec<Part> {
    let each = |count: u64| count as f64 / transfers;
    let requests = each(counts.worker.requests);
    let (room, shard) = (&counts.room, &counts.shard);
    let messages = each(room.messages + room.closes) + life.pings;
    let gb_months = |bytes: f64, hours: f64| bytes / 1e9 * hours / prices::HOURS_A_MONTH;
    let kept_hours = KEPT_DAYS * 24.0;
    let gb_seconds = |ms: f64| ms / 1_000.0 * prices::OBJECT_GB;
    let far_ms =
        each(counts.archive.reads + counts.archive.writes) * FAR_KV_MS + each(shard.fetches) * FAR_SHARD_MS;
    let part = |name, count, price| Part {
        name,
        count,
        price,
        is_kept: false,
        is_timed: false,
    };
    let timed = |name, count, price| Part {
        is_timed: true,
        ..part(name, count, price)
    };
    let kept = |name, count, price| Part {
        is_kept: true,
        ..part(name, count, price)
    };
    vec![
        part(
            "requests and upgrades of the Worker",
            requests,
            prices::WORKER_REQUEST,
        ),
        timed(
            "ms of processor time of the Worker",
            requests * assumed.worker_ms,
            prices::WORKER_MS,
        ),
        part(
            "requests and upgrades of a room",
            each(room.fetches),
            prices::OBJECT_REQUEST,
        ),
        part(
            "requests of the recent index",
            each(shard.fetches),
            prices::OBJECT_REQUEST,
        ),
        part("alarms of a room", each(room.alarms), prices::OBJECT_REQUEST),
        part(
            "messages, pings and closes of sockets",
            messages / prices::MESSAGES_A_REQUEST,
            prices::OBJECT_REQUEST,
        ),
        timed(
            "GB-seconds of objects, as measured here",
            gb_seconds((room.busy_ms + shard.busy_ms) / transfers),
            prices::OBJECT_GB_SECOND,
        ),
        part(
            "GB-seconds of waiting for KV and the index, assumed",
            gb_seconds(far_ms),
            prices::OBJECT_GB_SECOND,
        ),
        part(
            "rows that a room writes for its updates",
            each(room.rows_written - room.schema_rows),
            prices::ROW_WRITTEN,
        ),
        part(
            "rows that a room writes for its table",
            each(room.schema_rows),
            prices::ROW_WRITTEN,
        ),
        part(
            "alarms that a room sets, each a row",
            each(room.alarms_set),
            prices::ROW_WRITTEN,
        ),
        part(
            "rows that emptying lets go, with the database",
            each(room.rows_emptied),
            prices::ROW_EMPTIED,
        ),
        part(
            "rows that the recent index writes",
            // Its tables are made once.
            each(shard.rows_written - shard.schema_rows),
            prices::ROW_WRITTEN,
        ),
        part("rows that a room reads", each(room.rows_read), prices::ROW_READ),
        part(
            "rows that shards read at wakes, 0.7 assumed, full",
            match shard.fetches {
                0 => 0.0,
                _ => SHARD_WAKES * assumed.rows_a_wake,
            },
            prices::ROW_READ,
        ),
        part(
            "writes of the archive",
            each(counts.archive.writes),
            prices::KV_WRITE,
        ),
        part(
            "reads of the archive",
            each(counts.archive.reads),
            prices::KV_READ,
        ),
        kept(
            "GB-months of the archive, 400 days",
            // Of one that was written twice the first copy is gone.
            gb_months(
                counts.archive.bytes as f64 / counts.archive.writes.max(1) as f64,
                kept_hours,
            ) * each(counts.archive.writes).min(1.0),
            prices::KV_GB_MONTH,
        ),
        kept(
            "GB-months of the list, 400 days, full, of a million",
            gb_months(LIST_BYTES, kept_hours) / 1e6 * each(shard.rows_written).min(1.0),
            prices::OBJECT_GB_MONTH,
        ),
        kept(
            "GB-months of a room until it empties",
            gb_months(each(room.bytes_emptied), life.hours),
            prices::OBJECT_GB_MONTH,
        ),
    ]
}

/// What was counted after `before`.
pub(super) fn since(before: &Counts, after: &Counts) -> Counts {
    let mut counts = after.clone();
    counts.worker.requests -= before.worker.requests;
    counts.room = since_then(&before.room, &after.room);
    counts.shard = since_then(&before.shard, &after.shard);
    counts.archive.reads -= before.archive.reads;
    counts.archive.writes -= before.archive.writes;
    counts.archive.bytes -= before.archive.bytes;
    counts
}

fn since_then(before: &ObjectCounts, after: &ObjectCounts) -> ObjectCounts {
    ObjectCounts {
        objects: after.objects - before.objects,
        fetches: after.fetches - before.fetches,
        reports: after.reports - before.reports,
        alarms: after.alarms - before.alarms,
        messages: after.messages - before.messages,
        closes: after.closes - before.closes,
        rows_read: after.rows_read - before.rows_read,
        rows_written: after.rows_written - before.rows_written,
        schema_rows: after.schema_rows - before.schema_rows,
        alarms_set: after.alarms_set - before.alarms_set,
        emptied: after.emptied - before.emptied,
        rows_emptied: after.rows_emptied - before.rows_emptied,
        bytes_emptied: after.bytes_emptied - before.bytes_emptied,
        busy_ms: after.busy_ms - before.busy_ms,
        running: after.running,
    }
}
