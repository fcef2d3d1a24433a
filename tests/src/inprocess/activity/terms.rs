//! On what terms an activity was scheduled, and when it is tried again.

use std::time::Duration;

/// On what terms an activity was scheduled.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// Which activity it is.
    pub activity_type: String,
    /// How long an attempt may go without a heartbeat.
    pub heartbeat_timeout: Option<Duration>,
    /// How long one attempt may take.
    pub start_to_close: Duration,
    /// How long all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// How long an attempt may wait for a worker.
    pub schedule_to_start: Option<Duration>,
    /// When it is tried again.
    pub retry: Retry,
    /// How large the details of a heartbeat may be, in bytes.
    pub details_limit: usize,
    /// What a reset does to a running attempt.
    pub reset: ResetRule,
}

/// When a failed attempt is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// The delay before the second attempt.
    pub initial: Duration,
    /// By how much each delay is longer than the one before.
    pub coefficient: f64,
    /// The longest delay.
    pub maximum: Duration,
    /// How many attempts there may be; zero is any number.
    pub attempts: u32,
}

/// What a reset does to a running attempt, which differs between servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetRule {
    /// Its next heartbeat is told, and the next attempt is the first one, at once.
    Told,
    /// 1.29, as it was read and run: its number is one from then on, and the next attempt is the
    /// second one, after the delay of a first failure; a pause stays.
    ///
    /// Tokens are told apart by their numbers alone. So a first attempt is told, but a later one,
    /// which has another number than the activity, is known no more, and the server waits for one
    /// of its timeouts. And where the next attempt has the number of one that is over, it takes
    /// what that one says for its own.
    Forgotten,
}

/// One of the four timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timeout {
    /// No worker took the attempt.
    ScheduleToStart,
    /// All attempts together took too long.
    ScheduleToClose,
    /// One attempt took too long.
    StartToClose,
    /// One attempt was not heard of.
    Heartbeat,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            activity_type: "activity".to_owned(),
            heartbeat_timeout: None,
            start_to_close: Duration::from_hours(24),
            schedule_to_close: None,
            schedule_to_start: None,
            retry: Retry::default(),
            details_limit: 2 * 1024 * 1024,
            reset: ResetRule::Told,
        }
    }
}

impl Terms {
    /// As a server takes them: a timeout above one that contains it is clamped, without a word.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        if let Some(whole) = self.schedule_to_close {
            self.start_to_close = self.start_to_close.min(whole);
            self.schedule_to_start = self.schedule_to_start.map(|timeout| timeout.min(whole));
        }
        self.heartbeat_timeout =
            self.heartbeat_timeout.map(|timeout| timeout.min(self.start_to_close));
        self
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            coefficient: 2.0,
            maximum: Duration::from_secs(100),
            attempts: 0,
        }
    }
}

impl Retry {
    /// How long the attempt after this one waits; nothing where this was the last.
    #[must_use]
    pub fn delay_after(&self, number: u32) -> Option<Duration> {
        if self.attempts > 0 && number >= self.attempts {
            return None;
        }
        let exponent = i32::try_from(number.saturating_sub(1)).unwrap_or(i32::MAX);
        let delay = self.initial.as_secs_f64() * self.coefficient.powi(exponent);
        Some(Duration::try_from_secs_f64(delay).unwrap_or(self.maximum).min(self.maximum))
    }
}
