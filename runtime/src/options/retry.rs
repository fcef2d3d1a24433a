//! The retry policy that the attribute declared, and what the server makes of what was left out.

use std::time::Duration;

use temporalio_common::RetryPolicy;

/// What `retry(…)` declared; a key that was not written is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    initial_interval: Option<Duration>,
    backoff_coefficient: Option<f64>,
    maximum_interval: Option<Duration>,
    non_retryable_error_types: &'static [&'static str],
}

impl Retry {
    /// The server's own: after 1 s, doubling, at most 100 times the first, whatever the failure.
    pub const SERVERS: Self = Self {
        initial_interval: None,
        backoff_coefficient: None,
        maximum_interval: None,
        non_retryable_error_types: &[],
    };

    /// Declares how long after its first failure the activity is tried again.
    #[must_use]
    pub const fn initial_interval(mut self, interval: Duration) -> Self {
        self.initial_interval = Some(interval);
        self
    }

    /// Declares how many times as long each further interval is.
    #[must_use]
    pub const fn backoff_coefficient(mut self, coefficient: f64) -> Self {
        self.backoff_coefficient = Some(coefficient);
        self
    }

    /// Declares the longest interval.
    #[must_use]
    pub const fn maximum_interval(mut self, interval: Duration) -> Self {
        self.maximum_interval = Some(interval);
        self
    }

    /// Declares the types of failures after which there is no further attempt.
    #[must_use]
    pub const fn non_retryable_error_types(mut self, types: &'static [&'static str]) -> Self {
        self.non_retryable_error_types = types;
        self
    }

    /// As the SDK takes it.
    pub(super) fn policy(self, attempts: Option<u32>) -> RetryPolicy {
        let mut policy = RetryPolicy::default();
        policy
            .set_maximum_interval(self.maximum_interval)
            .set_maximum_attempts(attempts.unwrap_or_default())
            .set_non_retryable_error_types(self.non_retryable_error_types.iter().copied());
        if let Some(interval) = self.initial_interval {
            policy.set_initial_interval(interval);
        }
        if let Some(coefficient) = self.backoff_coefficient {
            policy.set_backoff_coefficient(coefficient);
        }
        policy
    }
}
