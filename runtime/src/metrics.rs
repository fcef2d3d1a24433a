//! Metrics, on the meter that the SDK is given.
//!
//! [`observe`] takes the `Arc<dyn CoreMeter>` of the SDK's own telemetry, so that what attempts do goes
//! to the same place as the SDK's metrics, with no dependency of its own:
//!
//! ```
//! # use std::sync::Arc;
//! # use temporalio_common::telemetry::{TelemetryOptions, metrics::{CoreMeter, NoOpCoreMeter}};
//! # use temporalio_sdk::runtime::RuntimeOptions;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # /*
//! let meter: Arc<dyn CoreMeter> = start_prometheus_metric_exporter(exporter_options)?.meter;
//! # */
//! # let meter: Arc<dyn CoreMeter> = Arc::new(NoOpCoreMeter);
//! autobeat::metrics::observe(Arc::clone(&meter))?; // before the workers start
//! let telemetry = TelemetryOptions::builder().metrics(meter).build();
//! let options = RuntimeOptions::builder().telemetry_options(telemetry).build()?;
//! # let _ = options;
//! # Ok(())
//! # }
//! ```
//!
//! | name | kind | labels of its own | what |
//! | --- | --- | --- | --- |
//! | `autobeat_heartbeats` | counter | `outcome` | heartbeats, by what became of them |
//! | `autobeat_heartbeat_round_trip` | duration | | how long the server took to answer one |
//! | `autobeat_heartbeat_interval` | duration | | the interval in force when one was answered or lost |
//! | `autobeat_heartbeat_lateness` | duration | | how long after it was due the heartbeat's task ran |
//! | `autobeat_checkpoint_age` | duration | | how old the newest acknowledged checkpoint had become when the next heartbeat was answered or lost |
//! | `autobeat_checkpoint_size` | bytes | | what a heartbeat that was answered carried, before the codec |
//! | `autobeat_attempts_ended` | counter | `outcome`, `reason` | attempts, by how they ended |
//! | `autobeat_resumes` | counter | | attempts that went on from a checkpoint |
//! | `autobeat_stalls` | counter | | attempts that made no progress for their `stall_timeout` |
//!
//! Each has the labels `namespace`, `task_queue` and `activity_type`, as the SDK's own metrics do (but not
//! its `service_name`). In the
//! embedded engine there is no namespace and no task queue, and those labels are left out. A local
//! activity has all three, but no heartbeats: its ends, resumes, stalls and lateness are counted.
//!
//! Durations and sizes are distributions, not gauges: many attempts share their labels, and a gauge would
//! show whichever of them wrote last. Durations are in the unit that the meter was made with,
//! milliseconds by default. Exporters may add suffixes (`_total`, `_milliseconds`), as to the SDK's. The
//! SDK's default buckets end at 10 s; [`histogram_buckets`] has some that fit.
//!
//! # Outcomes of a heartbeat
//!
//! - `acknowledged`: the attempt goes on;
//! - `stop`: acknowledged, and the attempt is to stop;
//! - `not_found`: the server knows the attempt no more, while it runs;
//! - `settled`: sent after the attempt had ended, and the server knows of that;
//! - `refused`: the server has too much to do;
//! - `lost`: any other error, or no answer in time;
//! - `overtaken`: not answered when a later one was;
//! - `too_large`: not sent, since the server would not take it;
//! - `handed_over`: given to the SDK's own lane, which says nothing about it.
//!
//! One that is still on its way when its attempt has ended is not counted.
//!
//! # Outcomes of an attempt
//!
//! `completed`, `completes_elsewhere`, `cancelled`, `failed` and `panicked` are what the server is told;
//! `dropped` is an attempt whose future was dropped, so that it was told nothing. The `reason` is the
//! [`CancelReason`] for which the attempt was told to stop, whether it heeded that or not, in the form
//! `worker_shutdown`; `bad_checkpoint` where the stored details are not its checkpoint; else `none`. So
//! `outcome="failed", reason="none"` are the failures of the work itself.
//!
//! # What it costs
//!
//! Without [`observe`] an atomic load an attempt. With it, two looks into a map an attempt, and half a
//! dozen numbers a heartbeat; [`save`](crate::Checkpoint::save) is not measured. A meter that panics is caught.
//!
//! [`CancelReason`]: crate::CancelReason

mod activity;
mod attempt;
mod instruments;

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, Once, OnceLock, PoisonError},
};

use temporalio_common::telemetry::{HistogramBucketOverrides, metrics::CoreMeter};

use self::{
    activity::{Activity, Labels},
    instruments::{ALL, Instruments},
};
pub(crate) use self::{
    activity::{Landing, Measured, Outcome, TaskQueue},
    attempt::Attempt,
};
use crate::events::say;

static OBSERVER: OnceLock<Observer> = OnceLock::new();

/// Measures every attempt of this process that begins from now on.
///
/// Call it once, before the workers start, with the meter that the SDK's `TelemetryOptions` are given.
///
/// # Errors
///
/// [`AlreadyObserved`] at the second call: attempts that run hold on to the first meter.
pub fn observe(meter: Arc<dyn CoreMeter>) -> Result<(), AlreadyObserved> {
    let observer = Observer {
        instruments: Instruments::new(meter.as_ref()),
        meter,
        activities: Mutex::default(),
    };
    OBSERVER.set(observer).map_err(|_| AlreadyObserved { _private: () })
}

/// A meter was given to [`observe`] before.
#[derive(Clone, Debug)]
pub struct AlreadyObserved {
    _private: (),
}

impl fmt::Display for AlreadyObserved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "the attempts of this process are already measured: call `observe` once, before the \
             workers start",
        )
    }
}

impl Error for AlreadyObserved {}

/// Buckets that fit, for the `histogram_bucket_overrides` of the SDK's exporters.
///
/// `use_seconds` is the exporter's own `use_seconds_for_durations`.
///
/// ```
/// let mut buckets = autobeat::metrics::histogram_buckets(false);
/// buckets.overrides.insert("activity_execution_latency".to_owned(), vec![1_000.0, 60_000.0]);
/// # assert!(buckets.overrides.len() > 1);
/// ```
#[must_use]
pub fn histogram_buckets(use_seconds: bool) -> HistogramBucketOverrides {
    let overrides = ALL
        .iter()
        .filter_map(|metric| Some((metric.name.to_owned(), metric.kind.buckets(use_seconds)?)))
        .collect();
    HistogramBucketOverrides { overrides }
}

/// The meter of this process, and what was made of it.
struct Observer {
    meter: Arc<dyn CoreMeter>,
    instruments: Instruments,
    /// Never emptied: an exporter keeps its series as well.
    activities: Mutex<HashMap<Labels, Arc<Activity>>>,
}

impl Observer {
    fn activity(&self, labels: Labels) -> Arc<Activity> {
        let known = |activities: &HashMap<Labels, Arc<Activity>>| activities.get(&labels).cloned();
        if let Some(activity) = known(&self.lock()) {
            return activity;
        }
        // Users' code, so not under the lock; whoever is first is kept.
        let activity = Arc::new(Activity::new(Arc::clone(&self.meter), &self.instruments, &labels));
        Arc::clone(self.lock().entry(labels).or_insert(activity))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Labels, Arc<Activity>>> {
        // Nothing of users' runs under it, so it is never poisoned half-way.
        self.activities.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs what calls the meter, which is users' code: it must not end a heartbeat.
fn guarded<T>(measure: impl FnOnce() -> T) -> Option<T> {
    static SAID: Once = Once::new();
    let measured = catch_unwind(AssertUnwindSafe(measure));
    if measured.is_err() {
        SAID.call_once(|| say!(warn, "the meter panicked"));
    }
    measured.ok()
}

#[cfg(test)]
#[expect(
    unreachable_pub,
    reason = "the tests in `tests/metrics.rs` take this file as a module of theirs"
)]
mod recorder;
#[cfg(test)]
mod tests;
