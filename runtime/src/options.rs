//! What the attribute declared about an activity, and what follows from it.

mod retry;

use std::time::Duration;

use temporalio_client::ActivityStartOptions;
use temporalio_common::{ActivityCloseTimeouts, RetryPolicy};
use temporalio_sdk::{ActivityCancellationType, ActivityOptions};

pub use self::retry::Retry;

/// The longest interval that is chosen where none was declared.
const LONGEST_DEFAULT_INTERVAL: Duration = Duration::from_secs(30);

/// How long a body that can see its cancellation may go on where nothing else was declared.
const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// What `#[activity(…)]` declared; a key that was not written is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    heartbeat_timeout: Duration,
    heartbeat_interval: Option<Duration>,
    start_to_close_timeout: Option<Duration>,
    schedule_to_close_timeout: Option<Duration>,
    schedule_to_start_timeout: Option<Duration>,
    max_attempts: Option<u32>,
    retry: Option<Retry>,
    max_runtime: Option<Duration>,
    stall_timeout: Option<Duration>,
    cancellation_type: CancellationType,
    cancel_grace: Option<Grace>,
    on_bad_checkpoint: OnBadCheckpoint,
}

/// How a workflow's cancellation treats the activity, in the words of the SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancellationType {
    /// The workflow goes on at once; the activity is told that it is gone.
    TryCancel,
    /// The workflow waits until the activity has answered its cancellation.
    WaitCancellationCompleted,
    /// The activity is not told.
    Abandon,
}

/// How long a body may go on after it was told of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// Its future is dropped after this long.
    After(Duration),
    /// It is left alone.
    Never,
}

/// What happens when the stored details are not a checkpoint of the declared type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBadCheckpoint {
    /// The attempt fails and is retried, the details stay as they are: a worker that can read them goes
    /// on there.
    Retry,
    /// The activity fails and is not retried; the details stay as they are.
    Fail,
    /// The attempt starts from the default; the details stay until something is saved.
    Restart,
}

impl Options {
    /// Declares a heartbeat timeout and nothing else.
    #[must_use]
    pub const fn new(heartbeat_timeout: Duration) -> Self {
        Self {
            heartbeat_timeout,
            heartbeat_interval: None,
            start_to_close_timeout: None,
            schedule_to_close_timeout: None,
            schedule_to_start_timeout: None,
            max_attempts: None,
            retry: None,
            max_runtime: None,
            stall_timeout: None,
            // The SDK's own default lets the workflow go on at once: the activity would only ever
            // learn that its workflow is gone, never that somebody asked it to stop.
            cancellation_type: CancellationType::WaitCancellationCompleted,
            cancel_grace: None,
            on_bad_checkpoint: OnBadCheckpoint::Retry,
        }
    }

    /// Declares how often the heartbeat goes out.
    #[must_use]
    pub const fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.heartbeat_interval = Some(interval);
        self
    }

    /// Declares the longest time of one attempt.
    #[must_use]
    pub const fn start_to_close_timeout(mut self, timeout: Duration) -> Self {
        self.start_to_close_timeout = Some(timeout);
        self
    }

    /// Declares the longest time of all attempts together.
    #[must_use]
    pub const fn schedule_to_close_timeout(mut self, timeout: Duration) -> Self {
        self.schedule_to_close_timeout = Some(timeout);
        self
    }

    /// Declares the longest wait for a worker.
    #[must_use]
    pub const fn schedule_to_start_timeout(mut self, timeout: Duration) -> Self {
        self.schedule_to_start_timeout = Some(timeout);
        self
    }

    /// Declares how many attempts there may be.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// Declares when failed attempts are followed by others.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Declares after how long an attempt hands over to the next one.
    #[must_use]
    pub const fn max_runtime(mut self, longest: Duration) -> Self {
        self.max_runtime = Some(longest);
        self
    }

    /// Declares the longest time without progress.
    #[must_use]
    pub const fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = Some(timeout);
        self
    }

    /// Declares how a workflow's cancellation treats the activity.
    #[must_use]
    pub const fn cancellation_type(mut self, cancellation_type: CancellationType) -> Self {
        self.cancellation_type = cancellation_type;
        self
    }

    /// Declares how long a body may go on after a cancellation.
    #[must_use]
    pub const fn cancel_grace(mut self, grace: Grace) -> Self {
        self.cancel_grace = Some(grace);
        self
    }

    /// Declares what happens when the stored details are not a checkpoint of this activity.
    #[must_use]
    pub const fn on_bad_checkpoint(mut self, on_bad_checkpoint: OnBadCheckpoint) -> Self {
        self.on_bad_checkpoint = on_bad_checkpoint;
        self
    }

    /// The heartbeat timeout as declared, which a workflow may have overruled.
    pub(crate) const fn declared_timeout(&self) -> Duration {
        self.heartbeat_timeout
    }

    pub(crate) const fn runs_at_most(&self) -> Option<Duration> {
        self.max_runtime
    }

    pub(crate) const fn stalls_after(&self) -> Option<Duration> {
        self.stall_timeout
    }

    pub(crate) const fn bad_checkpoint(&self) -> OnBadCheckpoint {
        self.on_bad_checkpoint
    }

    /// Whether how often to beat was declared.
    pub(crate) const fn declares_interval(&self) -> bool {
        self.heartbeat_interval.is_some()
    }

    /// How often to beat, given the timeout that the server really has.
    ///
    /// A workflow may schedule the activity with a shorter timeout than declared; the interval
    /// then follows the shorter one, or the attempt would time out between two beats.
    pub(crate) fn interval(&self, timeout: Option<Duration>) -> Duration {
        match (self.heartbeat_interval, timeout) {
            (Some(declared), Some(real)) if declared > real / 2 => default_interval(real),
            (Some(declared), _) => declared.max(Duration::from_millis(1)),
            (None, real) => {
                let shorter =
                    real.map_or(self.heartbeat_timeout, |real| real.min(self.heartbeat_timeout));
                default_interval(shorter)
            }
        }
    }

    /// How long a body may go on after it was told; `None` is for ever.
    pub(crate) fn grace(&self, body_can_see: bool) -> Option<Duration> {
        match self.cancel_grace {
            Some(Grace::Never) => None,
            Some(Grace::After(grace)) => Some(grace),
            None if body_can_see => Some(DEFAULT_GRACE),
            None => Some(Duration::ZERO),
        }
    }

    #[cfg(any(feature = "embedded", feature = "testing"))]
    pub(crate) const fn start_to_close(&self) -> Option<Duration> {
        self.start_to_close_timeout
    }

    #[cfg(any(feature = "embedded", feature = "testing"))]
    pub(crate) const fn schedule_to_close(&self) -> Option<Duration> {
        self.schedule_to_close_timeout
    }

    /// The same without a clock that would cut a body short before it was told to stop.
    #[cfg(feature = "testing")]
    pub(crate) const fn without_stall_timeout(mut self) -> Self {
        self.stall_timeout = None;
        self
    }

    #[cfg(feature = "testing")]
    pub(crate) const fn attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// What was declared of retries; `None` where nothing was.
    pub(crate) fn retry_policy(&self) -> Option<RetryPolicy> {
        let is_declared = self.retry.is_some() || self.max_attempts.is_some();
        is_declared.then(|| self.retry.unwrap_or(Retry::SERVERS).policy(self.max_attempts))
    }
}

/// A third of the timeout: two beats may be lost before the server gives the attempt up.
fn default_interval(timeout: Duration) -> Duration {
    (timeout / 3).clamp(Duration::from_millis(1), LONGEST_DEFAULT_INTERVAL)
}

/// The SDK's options with which a workflow schedules the activity as declared.
///
/// # Panics
///
/// Never from generated code, which offers `options()` only where a close timeout was declared.
#[must_use]
pub fn activity_options(options: Options) -> ActivityOptions {
    ActivityOptions::with_close_timeouts(close_timeouts(options))
        .heartbeat_timeout(options.heartbeat_timeout)
        .maybe_schedule_to_start_timeout(options.schedule_to_start_timeout)
        .cancellation_type(match options.cancellation_type {
            CancellationType::TryCancel => ActivityCancellationType::TryCancel,
            CancellationType::WaitCancellationCompleted => {
                ActivityCancellationType::WaitCancellationCompleted
            }
            CancellationType::Abandon => ActivityCancellationType::Abandon,
        })
        .maybe_retry_policy(options.retry_policy())
        .build()
}

/// The SDK's options with which a client starts the activity as declared, without a workflow: whose
/// cancellation they say nothing of, since nobody waits for it but by the activity's handle.
///
/// # Panics
///
/// Never from generated code, which offers `start_options()` only where a close timeout was declared.
#[must_use]
pub fn activity_start_options(
    options: Options,
    task_queue: String,
    id: String,
) -> ActivityStartOptions {
    ActivityStartOptions::new(task_queue, id, close_timeouts(options))
        .heartbeat_timeout(options.heartbeat_timeout)
        .maybe_schedule_to_start_timeout(options.schedule_to_start_timeout)
        .maybe_retry_policy(options.retry_policy())
        .build()
}

fn close_timeouts(options: Options) -> ActivityCloseTimeouts {
    match (options.start_to_close_timeout, options.schedule_to_close_timeout) {
        (Some(start_to_close), Some(schedule_to_close)) => {
            ActivityCloseTimeouts::ScheduleAndStartToClose { schedule_to_close, start_to_close }
        }
        (Some(timeout), None) => ActivityCloseTimeouts::StartToClose(timeout),
        (None, Some(timeout)) => ActivityCloseTimeouts::ScheduleToClose(timeout),
        (None, None) => unreachable!("options are generated only with a close timeout"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THIRTY: Options = Options::new(Duration::from_secs(30));

    #[test]
    fn interval_is_a_third_of_the_timeout() {
        assert_eq!(THIRTY.interval(Some(Duration::from_secs(30))), Duration::from_secs(10));
        assert_eq!(THIRTY.interval(None), Duration::from_secs(10));
    }

    #[test]
    fn long_timeouts_still_beat_every_thirty_seconds() {
        let hour = Options::new(Duration::from_hours(1));
        assert_eq!(hour.interval(Some(Duration::from_hours(1))), Duration::from_secs(30));
    }

    #[test]
    fn interval_follows_a_shorter_timeout_than_declared() {
        assert_eq!(THIRTY.interval(Some(Duration::from_secs(6))), Duration::from_secs(2));
    }

    #[test]
    fn interval_is_a_third_of_a_timeout_that_is_a_little_shorter_than_declared() {
        assert_eq!(THIRTY.interval(Some(Duration::from_secs(24))), Duration::from_secs(8));
        // As that of activities which declare nothing.
        let undeclared = Options::new(Duration::from_secs(90));
        assert_eq!(undeclared.interval(Some(Duration::from_mins(1))), Duration::from_secs(20));
        assert_eq!(undeclared.interval(Some(Duration::from_mins(5))), Duration::from_secs(30));
    }

    #[test]
    fn a_declared_interval_stays_while_it_fits() {
        let options = THIRTY.heartbeat_interval(Duration::from_secs(1));
        assert_eq!(options.interval(Some(Duration::from_secs(2))), Duration::from_secs(1));
        assert_eq!(options.interval(Some(Duration::from_millis(1500))), Duration::from_millis(500));
    }

    #[test]
    fn grace_depends_on_what_the_body_can_see() {
        assert_eq!(THIRTY.grace(true), Some(DEFAULT_GRACE));
        assert_eq!(THIRTY.grace(false), Some(Duration::ZERO));
        assert_eq!(THIRTY.cancel_grace(Grace::Never).grace(false), None);
    }

    #[test]
    fn options_carry_the_declared_timeouts_to_the_workflow() {
        let options =
            activity_options(THIRTY.start_to_close_timeout(Duration::from_mins(1)).max_attempts(3));
        assert_eq!(options.heartbeat_timeout, Some(Duration::from_secs(30)));
        assert_eq!(options.close_timeouts.start_to_close(), Some(Duration::from_mins(1)));
        assert_eq!(options.cancellation_type, ActivityCancellationType::WaitCancellationCompleted);
        assert_eq!(options.retry_policy, Some(RetryPolicy::builder().maximum_attempts(3).build()));
    }

    #[test]
    fn options_carry_all_that_is_declared_to_a_client() {
        let declared = THIRTY
            .start_to_close_timeout(Duration::from_mins(1))
            .schedule_to_close_timeout(Duration::from_hours(1))
            .schedule_to_start_timeout(Duration::from_mins(5))
            .max_attempts(3);
        let options = activity_start_options(declared, "queue".to_owned(), "id".to_owned());
        assert_eq!((&*options.task_queue, &*options.id), ("queue", "id"));
        assert_eq!(options.heartbeat_timeout, Some(Duration::from_secs(30)));
        assert_eq!(options.close_timeouts.start_to_close(), Some(Duration::from_mins(1)));
        assert_eq!(options.close_timeouts.schedule_to_close(), Some(Duration::from_hours(1)));
        assert_eq!(options.schedule_to_start_timeout, Some(Duration::from_mins(5)));
        assert_eq!(options.retry_policy, Some(RetryPolicy::builder().maximum_attempts(3).build()));
    }

    #[test]
    fn a_declared_policy_reaches_the_workflow_and_none_leaves_it_to_the_server() {
        let close = THIRTY.start_to_close_timeout(Duration::from_mins(1));
        assert_eq!(activity_options(close).retry_policy, None);
        let retry = Retry::SERVERS
            .initial_interval(Duration::from_secs(5))
            .maximum_interval(Duration::from_mins(1))
            .non_retryable_error_types(&["BadInput"]);
        let policy = activity_options(close.retry(retry)).retry_policy.unwrap();
        assert_eq!(policy.initial_interval(), Duration::from_secs(5));
        assert!((policy.backoff_coefficient() - 2.0).abs() < f64::EPSILON);
        assert_eq!(policy.maximum_interval(), Some(Duration::from_mins(1)));
        assert_eq!(
            (policy.maximum_attempts(), policy.non_retryable_error_types()),
            (0, &["BadInput".to_owned()][..])
        );
    }
}
