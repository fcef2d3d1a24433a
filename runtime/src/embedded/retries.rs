//! Temporal's default retry policy, within one call.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use temporalio_common::error::ApplicationFailure;
use tokio::time::Instant;

use super::error::{EmbeddedError, Kind};
use crate::worker::Activity;

pub(super) struct Retries {
    attempts: u32,
    most: Option<u32>,
    /// When the time of all attempts together is over.
    end: Option<Instant>,
    delays: ExponentialBackoff,
}

impl Retries {
    pub(super) fn new<A: Activity>() -> Self {
        Self {
            attempts: 0,
            most: A::OPTIONS.attempts(),
            end: A::OPTIONS.schedule_to_close().map(|timeout| Instant::now() + timeout),
            delays: ExponentialBuilder::new()
                .with_min_delay(Duration::from_secs(1))
                .with_max_delay(Duration::from_secs(100))
                .without_max_times()
                .build(),
        }
    }

    /// How long to wait after a failure; fails where there is no further attempt.
    pub(super) fn after(
        &mut self,
        failure: Box<ApplicationFailure>,
    ) -> Result<Duration, EmbeddedError> {
        self.attempts += 1;
        let delay = self.delays.next().unwrap_or(Duration::from_secs(100));
        let delay = failure.next_retry_delay().unwrap_or(delay);
        let spent = self.most.is_some_and(|most| self.attempts >= most);
        let late = self.end.is_some_and(|end| Instant::now() + delay >= end);
        if spent || late || failure.is_non_retryable() {
            let attempts = self.attempts;
            return Err(EmbeddedError::new(Kind::Failed { attempts, failure }));
        }
        tracing::warn!(target: "autobeat", %failure, ?delay, "the attempt failed; trying again");
        Ok(delay)
    }
}
