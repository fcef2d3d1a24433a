//! What the metrics are told of a heartbeat.

use tokio::time::Instant;

use super::{pulse::Pulse, traffic::Flight};
use crate::{
    lease::{BeatError, Reply},
    metrics::{Landing, Outcome},
};

impl Pulse {
    /// A beat was answered or lost, and nothing was made of that yet.
    pub(super) fn measure_landing(
        &mut self,
        flight: &Flight,
        result: &Result<Reply, BeatError>,
        now: Instant,
    ) {
        if !self.is_measured() {
            return;
        }
        // An attempt that was answered is cancelled, whatever became of it.
        let is_over = self.stopped && self.cancellation.is_told();
        let landing = Landing {
            outcome: Outcome::of(result, is_over),
            size: (result.is_ok() && !flight.details.is_empty()).then(|| flight.details.size()),
            took: now.saturating_duration_since(flight.sent),
            age: now.saturating_duration_since(self.renewed),
            interval: self.interval(),
            is_over,
        };
        self.measure(move |measured| measured.landed(&landing));
    }
}
