//! What the metrics are told of a heartbeat.

use tokio::time::Instant;

use super::{pulse::Pulse, traffic::Flight};
use crate::{
    lease::{BeatError, Reply},
    metrics::Landing,
};

impl Pulse {
    /// A beat was answered or lost, and nothing was made of that yet.
    pub(super) fn measure(&self, flight: &Flight, result: &Result<Reply, BeatError>, now: Instant) {
        self.measured.landed(&Landing {
            result,
            details: &flight.details,
            took: now.saturating_duration_since(flight.sent),
            age: now.saturating_duration_since(self.renewed),
            interval: self.interval(),
            // An attempt that was answered is cancelled, whatever became of it.
            is_over: self.stopped && self.cancellation.is_told(),
        });
    }
}
