//! Where heartbeats go: a server, a file store, a test, or nowhere.
//!
//! The life of an attempt is written against [`Lease`] alone; nothing else knows which one it is.

pub(crate) mod local;
#[cfg(test)]
pub(crate) mod scripted;
pub(crate) mod server;

use std::{fmt, time::Duration};

use futures_util::future::BoxFuture;
use temporalio_common::data_converters::PayloadConverter;

use crate::{cancel::CancelReason, checkpoint::Details};

/// The right of one attempt to run, kept by heartbeats.
pub(crate) trait Lease: Send + Sync {
    /// Whether there is anybody to beat to.
    fn takes_heartbeats(&self) -> bool {
        true
    }

    /// How values become payloads here.
    fn converter(&self) -> PayloadConverter;

    /// Sends one heartbeat, which replaces the stored details, and returns the answer to it.
    ///
    /// It takes at most `limit` and retries nothing by itself.
    fn beat(&self, details: Details, limit: Duration) -> BoxFuture<'_, Result<Reply, BeatError>>;

    /// How long from now an acknowledgement may still be overtaken by an older value.
    fn unsettled_for(&self) -> Duration {
        Duration::ZERO
    }

    /// When a heartbeat must go out although its interval is not over; `None` is never.
    fn wants_beat_within(&self) -> Option<Duration> {
        None
    }

    /// Leaves details where the answer to the server takes them from.
    fn leave(&self, details: Details) -> BoxFuture<'_, ()>;

    /// Whether the engine behind the lease asked the attempt to stop, in a way that says not why.
    fn is_told_to_stop(&self) -> bool;

    /// Waits until [`is_told_to_stop`](Self::is_told_to_stop).
    fn told_to_stop(&self) -> BoxFuture<'_, ()>;

    /// The best guess why the engine wants the attempt to stop, where a beat did not say.
    fn unspoken_reason(&self) -> CancelReason;
}

/// The answer to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Go on.
    GoOn,
    /// Stop, and why.
    Stop(CancelReason),
    /// Not sent: the details are larger than the server takes, and it would fail the activity.
    TooLarge { size: usize, limit: usize },
}

/// A heartbeat that was not acknowledged.
#[derive(Debug)]
pub(crate) struct BeatError {
    message: String,
}

impl BeatError {
    pub(crate) fn new(error: impl fmt::Display) -> Self {
        Self { message: error.to_string() }
    }
}

impl fmt::Display for BeatError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}
