//! Temporal's default retry policy, and the time of all attempts together, within one call.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use temporalio_common::error::ApplicationFailure;
use tokio::time::Instant;

use super::error::{EmbeddedError, Kind};
use crate::{attempt::BAD_CHECKPOINT, options::Options};

pub(super) struct Retries {
    attempts: u32,
    most: Option<u32>,
    /// When the time of all attempts together is over, and how long it is.
    end: Option<(Instant, Duration)>,
    delays: ExponentialBackoff,
}

impl Retries {
    pub(super) fn new(options: Options) -> Self {
        let end = |timeout| Some((Instant::now().checked_add(timeout)?, timeout));
        Self {
            attempts: 0,
            most: options.attempts(),
            end: options.schedule_to_close().and_then(end),
            delays: ExponentialBuilder::new()
                .with_min_delay(Duration::from_secs(1))
                .with_max_delay(Duration::from_secs(100))
                .without_max_times()
                .build(),
        }
    }

    /// When an attempt that begins now must be over.
    pub(super) fn deadline(&self, start_to_close: Option<Duration>) -> Option<Instant> {
        let own = start_to_close.and_then(|timeout| Instant::now().checked_add(timeout));
        let shared = self.end.map(|(end, _)| end);
        own.into_iter().chain(shared).min()
    }

    /// How long to wait after a failure; fails where there is no further attempt.
    pub(super) fn after(
        &mut self,
        failure: Box<ApplicationFailure>,
    ) -> Result<Duration, EmbeddedError> {
        self.attempts += 1;
        let attempts = self.attempts;
        let delay = self.delays.next().unwrap_or(Duration::from_secs(100));
        let delay = failure.next_retry_delay().unwrap_or(delay);
        // Another attempt of this process would find the same, and read it no better.
        if failure.is_non_retryable() || failure.type_name() == Some(BAD_CHECKPOINT) {
            return Err(EmbeddedError::new(Kind::Failed { attempts, failure }));
        }
        let next = Instant::now().checked_add(delay);
        if let Some((end, timeout)) = self.end
            && next.is_none_or(|next| next >= end)
        {
            let failure = out_of_time(timeout, failure);
            return Err(EmbeddedError::new(Kind::Failed { attempts, failure }));
        }
        if self.most.is_some_and(|most| attempts >= most) {
            return Err(EmbeddedError::new(Kind::Failed { attempts, failure }));
        }
        tracing::warn!(target: "autobeat", %failure, ?delay, "the attempt failed; trying again");
        Ok(delay)
    }
}

/// As a server does it: a body's own failure stands, and an attempt that was cut short is told by the
/// time that is over for good.
fn out_of_time(timeout: Duration, failure: Box<ApplicationFailure>) -> Box<ApplicationFailure> {
    match failure.type_name() {
        Some("DeadlineExceeded" | "HeartbeatTimeout" | "LeaseLost") => {}
        _ => return failure,
    }
    let words = format!("the time of all attempts together, {timeout:?}, is over: {failure}");
    let failure = ApplicationFailure::builder(words).type_name("ScheduleToCloseTimeout".to_owned());
    Box::new(failure.build())
}
