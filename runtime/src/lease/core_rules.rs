//! What the crate relies on of the SDK's core, and nobody promises.
//!
//! Each stands here and nowhere else. `tests/core_rules` reads them off the SDK that it is built with, and says
//! in one line which changed; `.ci/canary` does so with the newest one.

use std::time::Duration;

/// The part of a heartbeat timeout within which a second report is held back, to be sent later over newer details.
pub const THROTTLED_PART: f64 = 0.8;

/// The longest that one is held back: a default of the worker's options.
pub const LONGEST_THROTTLE: Duration = Duration::from_mins(1);

/// How long past the timeout an attempt is given up after its last report has finished, well or badly, or since
/// it began.
pub const PAST_TIMEOUT: Duration = Duration::from_secs(5);

/// The time limit of each call, whose end is not retried.
pub const LIMIT_OF_CALL: Duration = Duration::from_secs(30);

/// How long a report can live, with all limits and retries: a bound above what was seen, 40 to 50 s.
pub const LONGEST_REPORT: Duration = Duration::from_mins(1);

/// How long a report is held back after the last one.
#[must_use]
pub fn throttle(timeout: Duration) -> Duration {
    timeout.mul_f64(THROTTLED_PART).min(LONGEST_THROTTLE)
}

/// How long an attempt may go without a report that has finished.
#[must_use]
pub fn patience(timeout: Duration) -> Duration {
    timeout + PAST_TIMEOUT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_rules_hang_on_the_timeout() {
        let seconds = Duration::from_secs;
        assert_eq!(throttle(seconds(10)), seconds(8));
        assert_eq!(throttle(seconds(600)), LONGEST_THROTTLE);
        assert_eq!(patience(seconds(10)), seconds(15));
    }
}
