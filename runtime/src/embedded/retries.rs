//! Temporal's retry policy, and the time of all attempts together, within one call.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use temporalio_common::{
    RetryPolicy,
    error::{ApplicationErrorCategory, ApplicationFailure},
};
use tokio::time::Instant;

use super::error::{EmbeddedError, Kind};
use crate::{attempt::BAD_CHECKPOINT, events::say, options::Options};

/// How many times the first interval the longest is where none is declared.
const LONGEST: u32 = 100;

pub(super) struct Retries {
    attempts: u32,
    policy: RetryPolicy,
    /// When the time of all attempts together is over, and how long it is.
    end: Option<(Instant, Duration)>,
    delays: ExponentialBackoff,
}

impl Retries {
    pub(super) fn new(options: Options) -> Self {
        let end = |timeout| Some((Instant::now().checked_add(timeout)?, timeout));
        let policy = options.retry_policy().unwrap_or_default();
        Self {
            attempts: 0,
            end: options.schedule_to_close().and_then(end),
            delays: delays(&policy),
            policy,
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
        let delay = self.delays.next().unwrap_or_else(|| longest(&self.policy));
        let delay = failure.next_retry_delay().unwrap_or(delay);
        if self.is_final(&failure) {
            return Err(EmbeddedError::new(Kind::Failed { attempts, failure }));
        }
        let next = Instant::now().checked_add(delay);
        if let Some((end, timeout)) = self.end
            && next.is_none_or(|next| next >= end)
        {
            let failure = out_of_time(timeout, failure);
            return Err(EmbeddedError::new(Kind::Failed { attempts, failure }));
        }
        let most = self.policy.maximum_attempts();
        if most > 0 && attempts >= most {
            return Err(EmbeddedError::new(Kind::Failed { attempts, failure }));
        }
        if failure.category() == ApplicationErrorCategory::Benign {
            say!(debug, %failure, ?delay, "the next attempt goes on");
        } else {
            say!(warn, %failure, ?delay, "the attempt failed; trying again");
        }
        Ok(delay)
    }

    /// Whether nothing comes after such a failure, whatever is left of attempts and time.
    fn is_final(&self, failure: &ApplicationFailure) -> bool {
        let type_name = failure.type_name().unwrap_or_default();
        // Another attempt of this process would find the same, and read it no better.
        if failure.is_non_retryable() || type_name == BAD_CHECKPOINT {
            return true;
        }
        // As a server calls the timeouts that it notices itself.
        let as_on_a_server = match type_name {
            HEARTBEAT_TIMEOUT | "LeaseLost" => "TemporalTimeout:Heartbeat",
            DEADLINE_EXCEEDED => "TemporalTimeout:StartToClose",
            own => own,
        };
        let mut types = self.policy.non_retryable_error_types().iter();
        types.any(|it| it == as_on_a_server || it == type_name)
    }
}

/// The type of the failure of an attempt from which nothing was heard.
pub(super) const HEARTBEAT_TIMEOUT: &str = "HeartbeatTimeout";

/// That of one whose time is over.
pub(super) const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";

/// The delays between attempts that a policy has.
fn delays(policy: &RetryPolicy) -> ExponentialBackoff {
    #[expect(clippy::cast_possible_truncation, reason = "a coefficient is a small number")]
    let coefficient = policy.backoff_coefficient() as f32;
    ExponentialBuilder::new()
        .with_min_delay(policy.initial_interval())
        .with_factor(coefficient)
        .with_max_delay(longest(policy))
        .without_max_times()
        .build()
}

fn longest(policy: &RetryPolicy) -> Duration {
    let initial = policy.initial_interval();
    policy.maximum_interval().unwrap_or_else(|| initial.saturating_mul(LONGEST))
}

/// As a server does it: a body's own failure stands, and an attempt that was cut short is told by the
/// time that is over for good.
fn out_of_time(timeout: Duration, failure: Box<ApplicationFailure>) -> Box<ApplicationFailure> {
    match failure.type_name() {
        Some(DEADLINE_EXCEEDED | HEARTBEAT_TIMEOUT | "LeaseLost") => {}
        _ => return failure,
    }
    let words = format!("the time of all attempts together, {timeout:?}, is over: {failure}");
    let failure = ApplicationFailure::builder(words).type_name("ScheduleToCloseTimeout".to_owned());
    Box::new(failure.build())
}
